// SPDX-License-Identifier: GPL-2.0-only
// The log broadcaster that one writes with ws in an afternoon: follows a file and
// sends what is new to everybody.
//
// usage: broadcast.js lines|chunks FILE
//   lines   a message for each line
//   chunks  a message for all the lines that one read found
'use strict';

const fs = require('fs');
const { WebSocketServer, WebSocket } = require('ws');

const [mode, path] = process.argv.slice(2);
const buffer = Buffer.allocUnsafe(65536);
const file = fs.openSync(path, 'r');
const server = new WebSocketServer({ host: '127.0.0.1', port: 0 });
let place = fs.fstatSync(file).size;
let rest = '';

function broadcast(message) {
  for (const client of server.clients)
    if (client.readyState === WebSocket.OPEN) client.send(message);
}

function readOn() {
  for (;;) {
    const n = fs.readSync(file, buffer, 0, buffer.length, place);
    if (!n) return;
    place += n;
    const text = rest + buffer.toString('utf8', 0, n);
    const end = text.lastIndexOf('\n') + 1;
    rest = text.slice(end);
    if (!end) continue;
    if (mode === 'chunks') broadcast(text.slice(0, end));
    else for (const line of text.slice(0, end - 1).split('\n')) broadcast(line);
  }
}

server.on('listening', () => {
  fs.watch(path, readOn);
  console.log(`http://127.0.0.1:${server.address().port}/`);
});
