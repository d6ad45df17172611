/** As OpenCode reads markdown (gray-matter 4): what stands behind the first three dashes names the language. */
const FIRST_LINE = /^\uFEFF*---(?!-)(?<language>[^\n]*)/;

/**
 * True for markdown that OpenCode reads without running anything: it has no front matter, or one that begins with a bare
 * `---`, which is YAML. Any other language is one that gray-matter may evaluate (`---js` is), or not know.
 */
export function isInertMarkdown(content: Buffer): boolean {
  try {
    // What is not UTF-8 could begin with something else for another reader.
    const text = new TextDecoder('utf-8', {fatal: true, ignoreBOM: true}).decode(content);
    return (FIRST_LINE.exec(text)?.groups?.language ?? '').trim() === '';
  } catch {
    return false;
  }
}
