import {describe, expect, it} from 'vitest';
import {Refusal} from '../../src/base/errors.ts';
import {GroupKey} from '../../src/pool/seal/group-key.ts';
import {OwnerKey, verified} from '../../src/pool/seal/owner-key.ts';
import {SealBroken} from '../../src/pool/seal/seal-broken.ts';
import {openedFile, sealedFile} from '../../src/pool/seal/sealed-file.ts';
import {openedJob, type PlainJob, sealedJob} from '../../src/pool/seal/sealed-job.ts';

const PLAIN = Buffer.from('Fix the parser. \0\xff');
const group = GroupKey.create();
const owner = OwnerKey.create();

/** The bytes with one bit turned at each place in turn. */
function* turned(bytes: Uint8Array): Iterable<Buffer> {
  for (let index = 0; index < bytes.length; index++) {
    const copy = Buffer.from(bytes);
    copy.writeUInt8((copy[index] ?? 0) ^ 1, index);
    yield copy;
  }
}

describe('the key of a group', () => {
  it('opens what it has sealed, in the same place only', () => {
    const sealed = group.sealed(PLAIN, ['letter', 'a']);
    expect(group.opened(sealed, ['letter', 'a'])).toEqual(PLAIN);
    expect(Buffer.from(sealed).includes('parser')).toBe(false);
    expect(() => group.opened(sealed, ['letter', 'b'])).toThrow(SealBroken);
    expect(() => group.opened(sealed, ['letter', 'a', ''])).toThrow(SealBroken);
    expect(() => GroupKey.create().opened(sealed, ['letter', 'a'])).toThrow(SealBroken);
  });

  it('never seals alike, and knows each change', () => {
    const sealed = group.sealed(PLAIN, ['x']);
    expect(group.sealed(PLAIN, ['x'])).not.toEqual(sealed);
    for (const other of turned(sealed)) expect(() => group.opened(other, ['x'])).toThrow(SealBroken);
    for (let length = 0; length < sealed.length; length++) {
      expect(() => group.opened(sealed.subarray(0, length), ['x'])).toThrow(SealBroken);
    }
  });

  it('says of a newer seal that it is newer', () => {
    const sealed = Buffer.from(group.sealed(PLAIN, []));
    sealed[0] = 2;
    expect(() => group.opened(sealed, [])).toThrow('version 2');
  });

  it('names a repository so that only the group can tell which', () => {
    const route = group.route('github.com/a/b');
    expect(route).toMatch(/^[\w-]{27}$/);
    expect(GroupKey.parse(group.toText()).route('github.com/a/b')).toBe(route);
    expect(group.route('github.com/a/c')).not.toBe(route);
    expect(GroupKey.create().route('github.com/a/b')).not.toBe(route);
  });

  it('is a text, and refuses every other', () => {
    expect(group.toText()).toHaveLength(60);
    expect(GroupKey.parse(` ${group.toText()}\n`).opened(group.sealed(PLAIN, []), [])).toEqual(PLAIN);
    for (const text of ['', 'x', owner.toText(), group.toText().slice(0, -1), `${group.toText()}=`]) {
      expect(() => GroupKey.parse(text)).toThrow(Refusal);
    }
  });
});

describe('a sealed file', () => {
  async function* chunked(bytes: Uint8Array, size: number): AsyncIterable<Uint8Array> {
    for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
  }
  async function whole(content: AsyncIterable<Uint8Array>): Promise<Buffer> {
    const parts: Uint8Array[] = [];
    for await (const part of content) parts.push(part);
    return Buffer.concat(parts);
  }
  const PIECE = 256 * 1024;
  const contentOf = (length: number) => Buffer.alloc(length, 'abcdefg');

  it.each([0, 1, PIECE - 1, PIECE, PIECE + 1, 2 * PIECE, 3 * PIECE + 7])(
    'of %i bytes is opened whole, however it was cut',
    async (length) => {
      const content = contentOf(length);
      const sealed = await whole(sealedFile(chunked(content, 50_001), group, ['file', 'a']));
      for (const size of [1000, sealed.length]) {
        const opened = await whole(openedFile(chunked(sealed, size), group, ['file', 'a']));
        expect(opened.equals(content)).toBe(true);
      }
    },
  );

  it('is refused when its end is missing, its pieces are exchanged, or it is another file', async () => {
    const sealed = await whole(sealedFile(chunked(contentOf(3 * PIECE), 99_999), group, ['file', 'a']));
    const [header, piece] = [25, PIECE + 16];
    const at = (number: number) => sealed.subarray(header + number * piece, header + (number + 1) * piece);
    const forged = [
      sealed.subarray(0, header + 2 * piece),
      sealed.subarray(0, sealed.length - 1),
      sealed.subarray(0, header),
      Buffer.concat([sealed.subarray(0, header), at(1), at(0), at(2)]),
      Buffer.concat([sealed, at(2)]),
      Buffer.alloc(0),
    ];
    for (const bytes of forged) {
      await expect(whole(openedFile(chunked(bytes, 70_000), group, ['file', 'a']))).rejects.toThrow(
        SealBroken,
      );
    }
    await expect(whole(openedFile(chunked(sealed, 70_000), group, ['file', 'b']))).rejects.toThrow(
      SealBroken,
    );
  });
});

describe('the key of an owner', () => {
  it('signs for one place', () => {
    const signed = owner.signed(PLAIN, ['letter', 'a']);
    expect(verified(signed, ['letter', 'a'])).toEqual({owner: owner.fingerprint, plain: PLAIN});
    expect(() => verified(signed, ['letter', 'b'])).toThrow(SealBroken);
    for (const other of turned(signed)) expect(() => verified(other, ['letter', 'a'])).toThrow(SealBroken);
    expect(() => verified(signed.subarray(0, 95), ['letter', 'a'])).toThrow(SealBroken);
  });

  it('is a text, and the same owner wherever it is read', () => {
    const again = OwnerKey.parse(owner.toText());
    expect(owner.toText()).toHaveLength(60);
    expect(again.fingerprint).toBe(owner.fingerprint);
    expect(verified(again.signed(PLAIN, []), []).owner).toBe(owner.fingerprint);
    for (const text of ['', group.toText(), `${owner.toText()}x`]) {
      expect(() => OwnerKey.parse(text)).toThrow(Refusal);
    }
  });
});

describe('a sealed job', () => {
  const plain: PlainJob = {id: 'otter@p', route: group.route('r'), notAfter: 1234, body: PLAIN};
  const job = sealedJob(plain, {group, owner});
  const isServed = (fingerprint: string) => fingerprint === owner.fingerprint;

  it('is opened by a worker of the group that serves its owner', () => {
    expect(openedJob(job, group, isServed)).toEqual(PLAIN);
    expect(() => openedJob(job, group, () => false)).toThrow('not among those that are served');
  });

  it.each([
    ['its id', {id: 'heron@p'}],
    ['its route', {route: group.route('other')}],
    ['its time', {notAfter: 9_999}],
    ['its owner', {owner: OwnerKey.create().fingerprint}],
  ])('is refused when %s was changed', (_, change) => {
    expect(() => openedJob({...job, ...change}, group, () => true)).toThrow(SealBroken);
  });

  it('is refused when another member of the group says that it is the owner', () => {
    const other = OwnerKey.create();
    const context = ['job', plain.id, owner.fingerprint, plain.route, '1234'];
    const body = group.sealed(other.signed(PLAIN, context), context);
    expect(() => openedJob({...job, body}, group, () => true)).toThrow('another owner');
  });
});
