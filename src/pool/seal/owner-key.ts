import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  sign,
  verify,
} from 'node:crypto';
import {Refusal} from '../../base/errors.ts';
import {contextBytes, type SealContext} from './context.ts';
import {SealBroken} from './seal-broken.ts';

const PREFIX = 'delegate-owner-1.';
const KEY_BYTES = 32;
const SIGNATURE_BYTES = 64;
/** What stands before the key itself in the formats that Node reads. */
const PKCS8 = Buffer.from('302e020100300506032b657004220420', 'hex');
const SPKI = Buffer.from('302a300506032b6570032100', 'hex');

/** The key by which a person's work is known in the pool. All machines of that person have it; no worker has. */
export class OwnerKey {
  readonly #key: KeyObject;
  readonly #public: Buffer;
  /** What the queue and the workers call the owner. Not secret. */
  readonly fingerprint: string;

  private constructor(key: KeyObject) {
    this.#key = key;
    this.#public = createPublicKey(key).export({type: 'spki', format: 'der'}).subarray(SPKI.length);
    this.fingerprint = fingerprintOf(this.#public);
  }

  /** A new key. */
  static create(): OwnerKey {
    return new OwnerKey(generateKeyPairSync('ed25519').privateKey);
  }

  /** @throws Refusal when the text is no key of an owner. */
  static parse(text: string): OwnerKey {
    const given = text.trim();
    const seed = Buffer.from(given.slice(PREFIX.length), 'base64url');
    if (!given.startsWith(PREFIX) || seed.length !== KEY_BYTES || toText(seed) !== given) {
      throw new Refusal(`This is no key of an owner. One begins with "${PREFIX}" and has 60 characters.`);
    }
    return new OwnerKey(createPrivateKey({key: Buffer.concat([PKCS8, seed]), format: 'der', type: 'pkcs8'}));
  }

  /** What {@link parse} understands. It is the secret itself. */
  toText(): string {
    return toText(this.#key.export({type: 'pkcs8', format: 'der'}).subarray(PKCS8.length));
  }

  /** The bytes with a signature before them that holds for them in this context. */
  signed(plain: Uint8Array, context: SealContext): Uint8Array {
    const signature = sign(undefined, signedText(plain, context), this.#key);
    return Buffer.concat([signature, this.#public, plain]);
  }
}

/**
 * The bytes, and who has signed them for this context. Whether that owner may have them signed is for the caller to
 * say, by the fingerprint.
 * @throws SealBroken when the signature does not hold.
 */
export function verified(
  signed: Uint8Array,
  context: SealContext,
): {readonly owner: string; readonly plain: Uint8Array} {
  const bytes = Buffer.from(signed);
  const start = SIGNATURE_BYTES + KEY_BYTES;
  if (bytes.length < start) throw new SealBroken('It is too short to be signed.');
  const raw = bytes.subarray(SIGNATURE_BYTES, start);
  const plain = bytes.subarray(start);
  if (!holds(signedText(plain, context), raw, bytes.subarray(0, SIGNATURE_BYTES))) {
    throw new SealBroken('Its signature does not hold: somebody else has written it, or for another place.');
  }
  return {owner: fingerprintOf(raw), plain};
}

function holds(text: Buffer, raw: Buffer, signature: Buffer): boolean {
  try {
    const key = createPublicKey({key: Buffer.concat([SPKI, raw]), format: 'der', type: 'spki'});
    return verify(undefined, text, key, signature);
  } catch {
    // Not every 32 bytes are a key.
    return false;
  }
}

/** The length keeps the end of a context from being taken for the beginning of the bytes. */
function signedText(plain: Uint8Array, context: SealContext): Buffer {
  const place = contextBytes(['opencode-delegate pool', ...context]);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(place.length);
  return Buffer.concat([length, place, plain]);
}

function fingerprintOf(raw: Buffer): string {
  return createHash('sha256').update(raw).digest('base64url').slice(0, 27);
}

function toText(seed: Buffer): string {
  return `${PREFIX}${seed.toString('base64url')}`;
}
