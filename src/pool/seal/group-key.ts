import {createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes} from 'node:crypto';
import {Refusal} from '../../base/errors.ts';
import {contextBytes, type SealContext} from './context.ts';
import {SealBroken} from './seal-broken.ts';

const PREFIX = 'delegate-group-1.';
const KEY_BYTES = 32;
const CIPHER = 'aes-256-gcm';
const NONCE_BYTES = 12;
/** The length of the tag that ends each sealed piece. */
export const TAG_BYTES = 16;
/** So many that no two messages of all times have the same: each has a key of its own. */
const SALT_BYTES = 24;
const VERSION = 1;

/**
 * The key that owners and workers of one group share, and that the database does not have. Whoever has it can read
 * what the group sends.
 */
export class GroupKey {
  readonly #key: Buffer;

  private constructor(key: Buffer) {
    this.#key = key;
  }

  /** A new key. */
  static create(): GroupKey {
    return new GroupKey(randomBytes(KEY_BYTES));
  }

  /** @throws Refusal when the text is no key of a group. */
  static parse(text: string): GroupKey {
    const given = text.trim();
    const key = Buffer.from(given.slice(PREFIX.length), 'base64url');
    if (!given.startsWith(PREFIX) || key.length !== KEY_BYTES || new GroupKey(key).toText() !== given) {
      throw new Refusal(
        `This is no key of a pool's group. One begins with "${PREFIX}" and has 60 characters.`,
      );
    }
    return new GroupKey(key);
  }

  /** What {@link parse} understands. It is the secret itself. */
  toText(): string {
    return `${PREFIX}${this.#key.toString('base64url')}`;
  }

  /** What stands for a repository in the queue. Without the key, nobody can tell which one that is. */
  route(repository: string): string {
    return createHmac('sha256', this.#derived('route', KEY_BYTES))
      .update(repository)
      .digest('base64url')
      .slice(0, 27);
  }

  /** Makes bytes unreadable, and unchangeable, for those who do not have the key. */
  sealed(plain: Uint8Array, context: SealContext): Uint8Array {
    const salt = randomBytes(SALT_BYTES);
    const cipher = this.#cipher(salt);
    return Buffer.concat([Buffer.of(VERSION), salt, cipher.sealed(plain, context, 0, true)]);
  }

  /** @throws SealBroken when it was not sealed with this key and this context. */
  opened(sealed: Uint8Array, context: SealContext): Uint8Array {
    const bytes = Buffer.from(sealed);
    return this.openerOf(bytes.subarray(0, HEADER_BYTES)).opened(
      bytes.subarray(HEADER_BYTES),
      context,
      0,
      true,
    );
  }

  /** What seals the pieces of something long, and the header that goes before them. */
  sealer(): {readonly header: Buffer; readonly pieces: PieceCipher} {
    const salt = randomBytes(SALT_BYTES);
    return {header: Buffer.concat([Buffer.of(VERSION), salt]), pieces: this.#cipher(salt)};
  }

  /** What opens the pieces that were sealed after this header. */
  openerOf(header: Buffer): PieceCipher {
    if (header.length < HEADER_BYTES) throw new SealBroken('It is too short to be sealed.');
    const version = header[0];
    if (version !== VERSION) {
      throw new SealBroken(`It is sealed in version ${version}, and this version knows ${VERSION} only.`);
    }
    return this.#cipher(header.subarray(1));
  }

  #cipher(salt: Buffer): PieceCipher {
    return new PieceCipher(this.#derived('seal', KEY_BYTES, salt));
  }

  #derived(purpose: string, length: number, salt: Buffer = Buffer.alloc(0)): Buffer {
    return Buffer.from(hkdfSync('sha256', this.#key, salt, `opencode-delegate pool ${purpose} 1`, length));
  }
}

/** How many bytes come before the pieces. */
export const HEADER_BYTES = 1 + SALT_BYTES;

/** Seals and opens pieces that are numbered, and of which one is the last, under a key that is used once. */
export class PieceCipher {
  readonly #key: Buffer;

  constructor(key: Buffer) {
    this.#key = key;
  }

  sealed(plain: Uint8Array, context: SealContext, number: number, isLast: boolean): Buffer {
    const cipher = createCipheriv(CIPHER, this.#key, nonce(number, isLast), {authTagLength: TAG_BYTES});
    cipher.setAAD(contextBytes(context));
    return Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
  }

  /** @throws SealBroken when it is not that piece. */
  opened(sealed: Buffer, context: SealContext, number: number, isLast: boolean): Buffer {
    const end = sealed.length - TAG_BYTES;
    if (end < 0) throw new SealBroken('It is too short to be sealed.');
    const decipher = createDecipheriv(CIPHER, this.#key, nonce(number, isLast), {authTagLength: TAG_BYTES});
    decipher.setAAD(contextBytes(context));
    decipher.setAuthTag(sealed.subarray(end));
    try {
      return Buffer.concat([decipher.update(sealed.subarray(0, end)), decipher.final()]);
    } catch (error) {
      const why = 'It was sealed with another key or for another place, or changed on its way.';
      throw new SealBroken(why, {cause: error});
    }
  }
}

function nonce(number: number, isLast: boolean): Buffer {
  const bytes = Buffer.alloc(NONCE_BYTES);
  bytes.writeUIntBE(number, NONCE_BYTES - 7, 6);
  bytes.writeUInt8(isLast ? 1 : 0, NONCE_BYTES - 1);
  return bytes;
}
