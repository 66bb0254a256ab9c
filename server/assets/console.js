// Keeps an open page true: listens to what changed, reads the page anew, and puts its parts with `data-live` in place of the
// old ones, unless somebody is typing in them. Where it cannot be read, it says so, and tries again. Without this script every page works; one reloads by hand.
"use strict";

(() => {
  // On a narrow screen the navigation is one line: where one is stands in sight.
  document.querySelector("nav.main [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center", behavior: "instant" });

  // Where there is room nothing is folded: the style shows it, and this says so.
  if (matchMedia("(min-width: 700px)").matches) for (const it of document.querySelectorAll("details.more")) it.open = true;

  const address = document.body.dataset.events;
  if (!address || !window.EventSource) return;
  const told = ["visit.changed", "ruling.made", "case.changed", "work.changed", "reset"];
  const lost = document.getElementById("live-lost");
  let source = null;
  let wanted = false;
  let reading = false;
  let later = 0;

  // Why what stands here may be old: nobody tells what changed, or the page is not given.
  const why = { told: "", given: "" };
  const say = (which, text) => {
    why[which] = text;
    const said = why.given || why.told;
    if (lost && lost.textContent !== said) lost.textContent = said;
  };
  // A server that starts again, or has too much to do, is asked once more in a while.
  const again = () => {
    clearTimeout(later);
    later = setTimeout(() => { if (!document.hidden) { listen(); void read(); } }, 10_000);
  };

  const typed = (field) =>
    field.tagName === "SELECT"
      ? field.selectedIndex !== Math.max(0, [...field.options].findIndex((it) => it.defaultSelected))
      : field.value !== field.defaultValue || field.checked !== field.defaultChecked;
  // Nothing that somebody is at, or has begun to fill in, is taken from under their hands.
  const busy = (part) =>
    (part.contains(document.activeElement) &&
      /^(INPUT|SELECT|TEXTAREA|VIDEO)$/.test(document.activeElement.tagName)) ||
    [...part.querySelectorAll("input:not([type=hidden]), select, textarea")].some(typed);
  // What was unfolded stays unfolded.
  const unfold = (part, other) => {
    const was = [...part.querySelectorAll("details")];
    [...other.querySelectorAll("details")].forEach((it, at) => {
      if (was[at]?.querySelector("summary")?.textContent === it.querySelector("summary")?.textContent) it.open = was[at].open;
    });
  };

  async function read() {
    if (reading) { wanted = true; return; }
    reading = true;
    do {
      wanted = false;
      try {
        const answer = await fetch(location.href, { headers: { accept: "text/html" } });
        // The login is over: whoever is typing goes on, and what is typed is kept over the next login.
        if (answer.redirected && !busy(document.body)) { location.reload(); return; }
        if (answer.redirected || !answer.ok) {
          say("given", answer.redirected ? lost?.dataset.over : lost?.dataset.text);
          again();
          break;
        }
        const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
        for (const part of document.querySelectorAll("[data-live][id]")) {
          const other = fresh.getElementById(part.id);
          if (other) unfold(part, other);
          if (other && !busy(part) && (other.innerHTML !== part.innerHTML || other.hidden !== part.hidden)) {
            const had = part.contains(document.activeElement) ? document.activeElement.id : "";
            part.replaceWith(document.adoptNode(other));
            if (had) document.getElementById(had)?.focus();
          }
        }
        say("given", "");
      } catch {
        say("given", lost?.dataset.text);
        again();
        break;
      }
      // Of many changes in a moment the page is read once.
      await new Promise((rested) => setTimeout(rested, 1000));
    } while (wanted);
    reading = false;
  }

  function listen() {
    if (source) return;
    source = new EventSource(address);
    source.onopen = () => say("told", "");
    source.onerror = () => {
      say("told", lost?.dataset.text);
      // After an answer that is no stream the browser does not try again by itself.
      if (source?.readyState === EventSource.CLOSED) { leave(); again(); }
    };
    for (const type of told) source.addEventListener(type, () => void read());
    source.addEventListener("end", () => { leave(); void read(); });
  }
  function leave() { source?.close(); source = null; }

  // Browsers open few connections to one server: a page that nobody looks at gives its own back.
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) leave();
    else { listen(); void read(); }
  });
  listen();
})();
