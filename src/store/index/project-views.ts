import {type Listing, listingOf} from '../../delegation/model/listing.ts';
import type {Projects} from '../projects/projects.ts';
import type {ProjectIndex} from './project-index.ts';

interface Merged {
  readonly parts: readonly Listing[];
  readonly listing: Listing;
}

/** The records of projects, with those of them that earlier versions have put into other folders. */
export class ProjectViews {
  readonly #projects: Projects;
  readonly #indexOf: (folder: string) => ProjectIndex;
  /** The last ones, each the same for as long as none of its parts has changed. */
  readonly #merged = new Map<string, Merged>();

  constructor(projects: Projects, indexOf: (folder: string) => ProjectIndex) {
    this.#projects = projects;
    this.#indexOf = indexOf;
  }

  async list(project: string): Promise<Listing> {
    const [own, ...parts] = await Promise.all(this.#indexes(project).map((index) => index.list()));
    return this.#merge(project, own ?? listingOf([]), parts);
  }

  /** As {@link list}; `undefined` while one of its parts is. */
  async peek(project: string): Promise<Listing | undefined> {
    const all = await Promise.all(this.#indexes(project).map((index) => index.peek()));
    const [own, ...parts] = all.filter((part) => part !== undefined);
    return own === undefined || parts.length + 1 < all.length ? undefined : this.#merge(project, own, parts);
  }

  #indexes(project: string): readonly ProjectIndex[] {
    return [project, ...this.#projects.earlierOf(project)].map(this.#indexOf);
  }

  #merge(project: string, own: Listing, earlier: readonly Listing[]): Listing {
    if (earlier.length === 0) return own;
    const parts = [own, ...earlier];
    const known = this.#merged.get(project);
    if (known?.parts.length === parts.length && parts.every((part, n) => part === known.parts[n])) {
      return known.listing;
    }
    const theirs = earlier.flatMap(({heads}) => heads.filter((head) => this.#projects.has(project, head)));
    const listing = listingOf([...own.heads, ...theirs]);
    this.#merged.set(project, {parts, listing});
    return listing;
  }
}
