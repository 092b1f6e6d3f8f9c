"use strict";
(() => {
  const by = id => document.getElementById(id);
  const [canvas, play, place, where, speed, loop, trouble] =
    ["film", "play", "place", "where", "speed", "loop", "trouble"].map(by);
  const facts = JSON.parse(by("facts").textContent);
  const texts = document.getElementsByClassName("group");
  const context = canvas.getContext("2d", {alpha: false});

  // When each frame begins, in milliseconds; of which group it is, and which frame that group begins with.
  const starts = [0];
  for (const [count, lasts] of facts.milliseconds)
    for (let number = 0; number < count; number++) starts.push(starts.at(-1) + lasts);
  const length = starts.pop(), last = starts.length - 1;
  const firsts = [0];
  for (const count of facts.groups) firsts.push(firsts.at(-1) + count);
  firsts.pop();

  /** The last place in a rising list whose number is not above the given one. */
  const upTo = (list, number) => {
    let low = 0, high = list.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (list[middle] <= number) low = middle; else high = middle - 1;
    }
    return low;
  };

  /** A group's frames: where each lies, and its bytes. The latest two are kept, for a film that goes round. */
  const parsed = new Map();
  const frames = group => {
    if (!parsed.has(group)) {
      parsed.set(group, texts[group].textContent.trim().split("\n").map(line => {
        const [, left, top, text] = line.split(" ");
        const bytes = Uint8Array.from(atob(text), letter => letter.charCodeAt(0));
        return {left: +left, top: +top, blob: new Blob([bytes], {type: "image/webp"})};
      }));
      if (parsed.size > 2) parsed.delete(parsed.keys().next().value);
    }
    return parsed.get(group);
  };

  let wanted = 0, shown = -1, drawing = false;

  /** Draw the frame that is wanted: all that changes on the way to it is decoded first, and drawn at once. */
  const draw = async () => {
    if (drawing) return;
    drawing = true;
    try {
      while (shown !== wanted) {
        const target = wanted, group = upTo(firsts, target), first = firsts[group];
        const from = shown >= first && shown < target ? shown + 1 : first;
        const way = frames(group).slice(from - first, target - first + 1);
        const pictures = await Promise.all(way.map(frame => createImageBitmap(frame.blob)));
        pictures.forEach((picture, number) => {
          context.drawImage(picture, way[number].left, way[number].top);
          picture.close();
        });
        shown = target;
        canvas.dataset.frame = shown;
      }
    } catch (error) {
      playing = false;
      trouble.hidden = false;
      trouble.textContent = "This browser cannot show the film: " + error.message;
    } finally {
      drawing = false;
    }
  };

  let playing = false, time = 0, before = 0, left = facts.plays || Infinity;

  const tell = () => {
    play.textContent = playing ? "Pause" : "Play";
    place.value = wanted;
    const seconds = milliseconds => (milliseconds / 1000).toFixed(2);
    where.textContent = `${wanted + 1} / ${last + 1}, ${seconds(starts[wanted])} s`;
    place.setAttribute("aria-valuetext",
      `frame ${wanted + 1} of ${last + 1}, ${seconds(starts[wanted])} of ${seconds(length)} seconds`);
  };

  const go = number => {
    wanted = Math.max(0, Math.min(last, number));
    time = starts[wanted];
    tell();
    draw();
  };

  const advance = now => {
    if (!playing) return;
    // A page that was hidden goes on where it was.
    time += Math.min(now - before, 1000) * speed.value;
    before = now;
    while (time >= length && playing) {
      left -= 1;
      if (loop.checked && left > 0) time -= length; else { time = starts[last]; playing = false; }
    }
    wanted = upTo(starts, time);
    tell();
    draw();
    if (playing) requestAnimationFrame(advance);
  };

  const set = plays => {
    if (playing === plays) return;
    playing = plays;
    if (playing) {
      if (wanted === last) time = 0;
      if (left < 1) left = facts.plays || Infinity;
      before = performance.now();
      requestAnimationFrame(advance);
    }
    tell();
  };

  const step = way => { set(false); go(wanted + way); };
  const faster = way => {
    speed.selectedIndex = Math.max(0, Math.min(speed.options.length - 1, speed.selectedIndex + way));
  };
  const keys = {
    ArrowLeft: () => step(-1), ArrowRight: () => step(1), Home: () => step(-Infinity), End: () => step(Infinity),
    " ": () => set(!playing), "+": () => faster(1), "-": () => faster(-1), l: () => loop.click(),
  };

  play.addEventListener("click", () => set(!playing));
  canvas.addEventListener("click", () => set(!playing));
  place.addEventListener("input", () => { set(false); go(+place.value); });
  loop.addEventListener("change", () => { left = Infinity; });
  document.addEventListener("keydown", event => {
    const target = event.target;
    const has_own = target === speed || (event.key === " " && (target === play || target === loop));
    if (has_own || event.ctrlKey || event.altKey || event.metaKey || !Object.hasOwn(keys, event.key)) return;
    event.preventDefault();
    keys[event.key]();
  });

  place.max = last;
  loop.checked = facts.plays !== 1;
  go(0);
  if (last > 0 && !matchMedia("(prefers-reduced-motion: reduce)").matches) set(true);
})();
