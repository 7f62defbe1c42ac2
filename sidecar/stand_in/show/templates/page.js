"use strict";
// Live counts, tags on demand and arrow keys. The page works without this file.

const LIVE_MS = 2000;

function refreshLive(state) {
  if (document.hidden || state.paused) return Promise.resolve();
  return fetch("/live", { cache: "no-store" })
    .then((answer) => answer.ok ? answer.text() : Promise.reject(new Error(answer.statusText)))
    .then((text) => {
      if (state.paused) return;  // while this was under way
      const fresh = new DOMParser().parseFromString(text, "text/html");
      for (const old of document.querySelectorAll("[data-live]")) {
        const now = fresh.getElementById(old.id);
        if (now && now.innerHTML !== old.innerHTML) old.replaceChildren(...now.childNodes);
      }
      const arrived = Number(fresh.querySelector("[data-arrived]").dataset.arrived);
      const newer = document.getElementById("newer");
      newer.hidden = arrived <= Number(newer.dataset.arrived);
      say(state, "Live.");
    })
    .catch(() => state.paused || say(state, "The stand-in does not answer; these counts are old."));
}

function say(state, text) {
  if (state.text.data !== text) state.text.data = text;
}

function startLive() {
  const line = document.getElementById("live-state");
  if (!line) return;
  const state = { paused: false, text: document.createTextNode("Live.") };
  const pause = document.createElement("button");
  pause.type = "button";
  pause.textContent = "Pause";
  pause.addEventListener("click", () => {
    state.paused = !state.paused;
    pause.textContent = state.paused ? "Go on" : "Pause";
    say(state, state.paused ? "Paused." : "Live.");
  });
  line.append(state.text, " ", pause);
  line.hidden = false;
  const again = () => refreshLive(state).then(() => setTimeout(again, LIVE_MS));
  again();
}

function loadInside(details) {
  const link = details.querySelector(".inside > a:only-child");
  if (!link) return;
  fetch(link.href)
    .then((answer) => answer.text())
    .then((text) => {
      const inside = new DOMParser().parseFromString(text, "text/html").querySelector(".inside");
      if (inside) link.replaceWith(...inside.childNodes);
    })
    .catch(() => {});  // the link stays
}

function moveIn(rows, event) {
  const row = event.target.closest("summary")?.parentElement;
  const keys = {
    ArrowDown: () => row.nextElementSibling,
    ArrowUp: () => row.previousElementSibling,
    Home: () => rows.firstElementChild,
    End: () => rows.lastElementChild,
    ArrowRight: () => { row.open = true; return row; },
    ArrowLeft: () => { row.open = false; return row; },
  };
  if (!row || !keys[event.key] || event.altKey || event.ctrlKey || event.metaKey) return;
  event.preventDefault();
  const next = keys[event.key]();
  if (next) next.querySelector("summary").focus();
}

function startTimeline() {
  const rows = document.getElementById("spans");
  if (!rows) return;
  rows.addEventListener("keydown", (event) => moveIn(rows, event));
  rows.addEventListener("toggle", (event) => event.target.open && loadInside(event.target), true);
}

startLive();
startTimeline();
