// A Modbus server on modbus-serial, a stack that Ria shares nothing with.
//
//   node modbus_server.js tcp PORT        PORT 0 takes a free one
//   node modbus_server.js rtu PATH BAUD
//
// Prints {"listening": port or path} when ready and ends when its stdin closes. Unit 1 answers:
// holding i = (3i + 1) mod 65536, input i = 65535 - i, coil i = (i mod 3 == 0), discrete i =
// (i mod 2 == 1). Registers 900..909 are refused with exception 2, as are writes outside holding
// 100..119. No other unit ever answers.
"use strict";

const { ServerTCP, ServerSerial } = require("modbus-serial");

const UNIT = 1;
const ILLEGAL_ADDRESS = { modbusErrorCode: 2 };
const written = new Map();

const refused = (address) => address >= 900 && address <= 909;
const writable = (address) => address >= 100 && address <= 119;
const holding = (address) => written.get(address) ?? (address * 3 + 1) % 65536;
const input = (address) => 65535 - address;

function block(address, length, register) {
  const addresses = Array.from({ length }, (_, i) => address + i);
  return addresses.some(refused) ? null : addresses.map(register);
}

function answer(callback, values) {
  if (values === null) callback(ILLEGAL_ADDRESS);
  else callback(null, values);
}

function one(callback, values) {
  answer(callback, values === null ? null : values[0]);
}

function store(callback, address, values) {
  if (!values.every((_, i) => writable(address + i))) {
    callback(ILLEGAL_ADDRESS);
    return;
  }
  values.forEach((value, i) => written.set(address + i, value));
  callback(null);
}

// modbus-serial tells a callback style from a promise style by the number of parameters
const registers = {
  getHoldingRegister: (address, unit, done) => one(done, block(address, 1, holding)),
  getInputRegister: (address, unit, done) => one(done, block(address, 1, input)),
  getMultipleHoldingRegisters: (address, length, unit, done) =>
    answer(done, block(address, length, holding)),
  getMultipleInputRegisters: (address, length, unit, done) =>
    answer(done, block(address, length, input)),
  getCoil: (address, unit, done) => done(null, address % 3 === 0),
  getDiscreteInput: (address, unit, done) => done(null, address % 2 === 1),
  setRegister: (address, value, unit, done) => store(done, address, [value]),
  setRegisterArray: (address, values, unit, done) => store(done, address, values),
};

function announce(listening) {
  process.stdout.write(JSON.stringify({ listening }) + "\n");
}

function serve(kind, where, baud) {
  if (kind === "tcp") {
    const options = { host: "127.0.0.1", port: String(where), unitID: UNIT };
    const server = new ServerTCP(registers, options);
    server.on("initialized", () => announce(server._server.address().port));
    server.on("socketError", () => {}); // a client may vanish in mid-answer
    return server;
  }
  const server = new ServerSerial(registers, { path: where, baudRate: Number(baud), unitID: UNIT });
  server.on("initialized", () => announce(where));
  return server;
}

const [kind, where, baud] = process.argv.slice(2);
if (!(kind === "tcp" && where !== undefined) && !(kind === "rtu" && where && baud)) {
  process.stderr.write("usage: modbus_server.js tcp PORT | rtu PATH BAUD\n");
  process.exit(2);
}
const server = serve(kind, where, baud);
server.on("serverError", (error) => {
  process.stderr.write(`${error.message}\n`);
  process.exit(1);
});
process.stdin.resume();
process.stdin.on("end", () => process.exit(0));
