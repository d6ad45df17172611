import type {Client, Notification} from 'pg';

/** How long it waits before it connects again. */
const AGAIN_MS = 1_000;

/** The connection that hears what the database tells. It is made again whenever it breaks. */
export class PostgresListener {
  readonly #make: () => Client;
  #client: Client | undefined;
  #timer: NodeJS.Timeout | undefined;
  #channel = '';
  #heard: () => void = () => {};
  #isClosed = false;

  constructor(make: () => Client) {
    this.#make = make;
  }

  /** Calls at each notification of a channel, and after each time that some may have been missed. */
  async listen(channel: string, heard: () => void): Promise<void> {
    this.#channel = channel;
    this.#heard = heard;
    await this.#connect(true);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    await this.#client?.end().catch(() => {});
  }

  async #connect(isFirst: boolean): Promise<void> {
    const client = this.#make();
    let isBroken = false;
    const broken = () => {
      if (isBroken || this.#isClosed) return;
      isBroken = true;
      void client.end().catch(() => {});
      this.#timer = setTimeout(() => void this.#connect(false), AGAIN_MS);
      this.#timer.unref();
    };
    this.#client = client;
    client.on('error', broken);
    client.on('end', broken);
    client.on('notification', ({channel}: Notification) => {
      if (channel === this.#channel) this.#heard();
    });
    try {
      await client.connect();
      await client.query(`LISTEN ${this.#channel}`);
    } catch (error) {
      if (isFirst) {
        isBroken = true;
        await client.end().catch(() => {});
        throw error;
      }
      broken();
      return;
    }
    this.#heard();
  }
}
