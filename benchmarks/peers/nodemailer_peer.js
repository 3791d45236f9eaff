// A batch with Nodemailer's pool: node nodemailer_peer.js FOLDER PORT CONNECTIONS
// Rows are taken as the pool asks for them, which is what its documentation advises for large numbers.
import { createReadStream, readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import nodemailer from "nodemailer";

const [folder, port, connections] = process.argv.slice(2);
const letter = JSON.parse(readFileSync(`${folder}/letter.json`, "utf8"));
const ENTITIES = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&#34;", "'": "&#39;" };
const escaped = (value) => value.replace(/[&<>"']/g, (sign) => ENTITIES[sign]);
const plain = (value) => value;

// The holes are found once; a row is put between the pieces.
function compiled(template, put) {
  const pieces = template.split(/\{\{ row\.(\w+) \}\}/);
  return (row) => pieces.map((piece, index) => (index % 2 ? put(row[piece]) : piece)).join("");
}

const subject = compiled(letter.subject, plain);
const text = compiled(letter.text, plain);
const html = compiled(letter.html, escaped);
const pool = nodemailer.createTransport({
  pool: true, host: "127.0.0.1", port: Number(port), secure: false, ignoreTLS: true,
  maxConnections: Number(connections), maxMessages: Infinity,
});

const lines = createInterface({ input: createReadStream(`${folder}/rows.csv`), crlfDelay: Infinity });
const source = lines[Symbol.asyncIterator]();
const columns = (await source.next()).value.split(",");
let under_way = 0, ended = false, asking = false;

async function feed() {
  if (asking) return;
  asking = true;
  while (!ended && pool.isIdle()) {
    const next = await source.next();
    if (next.done) { ended = true; break; }
    const values = next.value.split(",");
    send(Object.fromEntries(columns.map((column, index) => [column, values[index]])));
  }
  asking = false;
  if (ended && !under_way) pool.close();
}

function send(row) {
  under_way += 1;
  const message = {
    from: { name: letter.from[0], address: letter.from[1] },
    to: { name: row.name, address: row.email },
    subject: subject(row), text: text(row), html: html(row),
  };
  pool.sendMail(message, (error) => {
    if (error) { console.error(error); process.exit(1); }
    under_way -= 1;
    feed();
  });
}

pool.on("idle", feed);
feed();
