"""Broken HTML, for property tests."""

from __future__ import annotations

from hypothesis import strategies as st

FRAGMENTS = [
    "<div>", "</div>", "<p>", "</p>", "<table>", "</table>", "<tr>", "<td>", "</td>", "<th colspan=99999999>", "<ul>",
    "<ol>",
    "<li value=99999999999999999999>", "</ul>", "<a href='u'>", "</a>", "<b>", "</b>", "<br>", "<hr>", "<pre>",
    "</pre>",
    "<img src=a.png>", "<img alt=\"a > b\" src='i &amp; j.png'>", "<IMG SRC = \"x\ny.png\" src=z>", "<img src=a.png/>",
    "<img ",
    "<img srcset=\"a.png 1x, b.png 2x,,c.png\">", "<img srcset=a.png,>", "<td background=a.png background='b'>",
    "<img src=\"",
    "<p style='background:url(a.png)'>", "<p style=\"b:url(&quot;a b.png&quot;)\">", "<p style=b:url(a\\)b.png)>",
    "url(",
    "<style>", "</style>", "<STYLE media=x>", "p{b:url( 'x.png' )}", "/*", "*/", "@font-face{", "@import url(a.css);",
    "}", ";",
    "<script>", "</script>", "<!--", "-->", "--!>", "<!-->", "<![CDATA[", "]]>", "<?php", "?>", "<!DOCTYPE html>",
    "</ x>", "<",
    ">", "=", "'", "\"", "/", "&", "&#", "&#0;", "&#x41", "&fjlig;", "&copy=1", "&quot;", "\\", "\\62 ", "\0",
    "\ud800", "\ufffe",
    "\x85", "\xa0", " ", "\n", "text", "<svg>", "<title>", "<textarea>", "<plaintext>", "<template>",
    "<select><option>", "<html>",
    "<body background=a.png style='display:none'>", "<frameset>", "<q>",
    "<p style='margin-top:9999999em;white-space:pre'>", "<q hidden>",
]  # fmt: skip
BROKEN = st.one_of(st.lists(st.sampled_from(FRAGMENTS), max_size=14).map("".join), st.text(max_size=30))
