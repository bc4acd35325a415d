// Made node-plain.json and node-encrypted.json beside this file, with Node's own JSON and WebCrypto:
// node make.mjs . (salt and iv are fixed, so that the same bytes come out again).
import { webcrypto } from "node:crypto";
import { writeFileSync } from "node:fs";

const type = "metadj-nexus-journal";
const createdAt = "2026-02-03T04:05:06.789Z";
const entries = [
  {
    id: "0d8c1c64-6b7e-4f0a-9a53-0f6f0a3f2b11",
    title: "Première",
    content: 'one\n"two"\t\\ \u0001\u001f\u007f\u2028 \u{1F600}',
    createdAt: "2026-01-01T10:00:00.000Z",
    updatedAt: "2026-01-02T10:00:00.000Z",
  },
  {
    id: "b",
    title: "",
    content: "",
    createdAt: "2026-01-03T10:00:00.000Z",
    updatedAt: "2026-01-03T10:00:00.000Z",
  },
];
const plain = { type, version: 1, createdAt, encrypted: false, entries };

const passphrase = "\u00a0 \ufeffcorrect horse é\u2003\n".trim();
const iterations = 150000;
const salt = Uint8Array.from({ length: 16 }, (_, i) => i);
const iv = Uint8Array.from({ length: 12 }, (_, i) => 16 + i);
const utf8 = new TextEncoder();
const base = await webcrypto.subtle.importKey("raw", utf8.encode(passphrase), "PBKDF2", false, ["deriveKey"]);
const key = await webcrypto.subtle.deriveKey(
  { name: "PBKDF2", salt, iterations, hash: "SHA-256" },
  base,
  { name: "AES-GCM", length: 256 },
  false,
  ["encrypt"],
);
const sealed = await webcrypto.subtle.encrypt({ name: "AES-GCM", iv }, key, utf8.encode(JSON.stringify(plain)));
const base64 = (bytes) => Buffer.from(bytes).toString("base64");
const encrypted = {
  type,
  version: 1,
  createdAt,
  encrypted: true,
  cipher: "AES-GCM",
  kdf: "PBKDF2",
  iterations,
  salt: base64(salt),
  iv: base64(iv),
  ciphertext: base64(sealed),
};
const folder = process.argv[2];
writeFileSync(`${folder}/node-plain.json`, JSON.stringify(plain, null, 2));
writeFileSync(`${folder}/node-encrypted.json`, JSON.stringify(encrypted, null, 2));
