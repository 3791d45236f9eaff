// One text to all of `to`, or to each of them by itself with an attachment: node single_nodemailer.js FOLDER PORT
// single.json is described in single_smtplib.py. Messages of their own go over a pool of four connections.
import { readFileSync } from "node:fs";
import nodemailer from "nodemailer";

const [folder, port] = process.argv.slice(2);
const { to, attachment } = JSON.parse(readFileSync(`${folder}/single.json`, "utf8"));
const pool = nodemailer.createTransport({
  pool: true, host: "127.0.0.1", port: Number(port), secure: false, ignoreTLS: true,
  maxConnections: 4, maxMessages: Infinity,
});
const base = { from: "news@example.com", subject: "News", text: "See there.\n" };
const letters = attachment === null
  ? [{ ...base, to: "readers@example.com", envelope: { from: "news@example.com", to } }]
  : to.map((one) => ({ ...base, to: one, attachments: [{ filename: "a.bin", path: `${folder}/${attachment}` }] }));
await Promise.all(letters.map((letter) => pool.sendMail(letter)));
pool.close();
