/** As the promise, or `late` where it has not settled within the time, in milliseconds. Leaves no timer behind. */
export async function withTimeout<T, Late>(ms: number, promise: Promise<T>, late: Late): Promise<T | Late> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const over = new Promise<Late>((resolve) => {
    timer = setTimeout(() => resolve(late), ms);
  });
  try {
    return await Promise.race([promise, over]);
  } finally {
    clearTimeout(timer);
  }
}
