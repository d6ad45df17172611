import {sha256} from '@noble/hashes/sha2.js';
import {bytesToHex, utf8ToBytes} from '@noble/hashes/utils.js';

/**
 * The SHA-256 of a text, in hexadecimal digits. For the short texts that names are made of: to load `node:crypto` takes a
 * client's hook longer than all that it does besides.
 */
export function textDigest(text: string): string {
  return bytesToHex(sha256(utf8ToBytes(text)));
}
