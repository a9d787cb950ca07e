// Which moment comes next, and which frames a range covers. It needs no browser.

// The place in `doubts` of the next one that is wanted and not settled, going round; -1 if there is none.
export function nextDoubt(doubts, from, way, isWanted = () => true) {
  let i = from < 0 && way < 0 ? 0 : from; // before any is chosen, the previous one is the last
  for (let tried = 0; tried < doubts.length; tried += 1) {
    i = (i + way + doubts.length) % doubts.length;
    if (!doubts[i].settled && isWanted(doubts[i])) return i;
  }
  return -1;
}

const MOST_TRACKS = 2 ** 31;
const rank = (place) => place.first * MOST_TRACKS + place.track;

// The place after `at` (or before it, with way -1) in the order of the film, going round.
export function nextPlace(places, at, way) {
  const here = at === null ? -1 : rank(at);
  const ahead = way > 0 ? places.find((p) => rank(p) > here) : places.findLast((p) => rank(p) < here);
  return ahead ?? places.at(way > 0 ? 0 : -1);
}

// The marked range, with defaults for the ends that are not marked; the earlier frame is first.
export function markedRange(marks, first, last) {
  const [a, b] = [marks.first ?? first, marks.last ?? last];
  return { first: Math.min(a, b), last: Math.max(a, b) };
}

// Says of each doubt whether the filter lets it through: { kind, cause }, "" for all. kindOf gives the kind of a doubt.
export function doubtFilter({ kind, cause }, kindOf) {
  return (doubt) => (!kind || kindOf(doubt) === kind) && (!cause || doubt.causes.includes(cause));
}

// How much a person has not looked at yet, in words; "" when that is nothing. It stays so after rendering.
export function unseenWords(doubts) {
  const count = doubts.filter((doubt) => !doubt.settled).length;
  return count ? `${count} ${count === 1 ? "moment" : "moments"} not looked at` : "";
}
