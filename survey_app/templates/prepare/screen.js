// The screen shows a code, asks for the next one when it is due, and hides a code that is no longer accepted.
// In the language of old TV browsers (ES5), and without the screen's own clock: the server tells how many
// seconds are left. What is counted here is time passed since a question was sent; the answer's seconds
// began later, so no code lives too long.
(function () {
  "use strict";

  var RETRY_SECONDS = 10; // longer than an answer may take, so that answers do not overtake each other
  var TIMEOUT_MILLISECONDS = 9000;
  var SPREAD_SECONDS = 5; // not all screens of a country ask in the same second

  var screen = element("screen"), shown = element("shown"), dark = element("dark");
  var timer = document.querySelectorAll("[data-new-code-in]"), reasons = dark.querySelectorAll("p");
  // The first answer is the page itself: it was asked for when the counting of `steady` begins.
  var answer = { asked: { steady: 0, wall: new Date().getTime() - steady() } };
  var lastAsked = answer.asked;
  setTimes(Number(screen.getAttribute("data-seconds")), Number(screen.getAttribute("data-seconds-accepted")));

  function element(id) {
    return document.getElementById(id);
  }

  function steady() {
    return window.performance && performance.now ? performance.now() : new Date().getTime();
  }

  function mark() {
    return { steady: steady(), wall: new Date().getTime() };
  }

  // A sleeping tablet stops the steady count, and somebody may set the clock: the longer of the two is safe.
  function secondsSince(moment) {
    return Math.max(steady() - moment.steady, new Date().getTime() - moment.wall) / 1000;
  }

  function setTimes(seconds, accepted) {
    answer.due = seconds + Math.random() * SPREAD_SECONDS;
    answer.accepted = accepted;
  }

  function write(place, text) {
    if (place.textContent !== text) { place.textContent = text; }
  }

  function light(isOn) {
    shown.hidden = !isOn;
    dark.hidden = isOn;
  }

  function tick() {
    var age = secondsSince(answer.asked);
    if (!shown.hidden && age > answer.accepted) {
      sayWhy([reasons[0].getAttribute("data-waiting"), reasons[1].getAttribute("data-waiting")]);
    }
    if (age >= answer.due && secondsSince(lastAsked) >= RETRY_SECONDS) { ask(); }
    countDown(answer.due - age);
  }

  function countDown(left) {
    var n = Math.ceil(left / 5) * 5, i;
    for (i = 0; i < timer.length; i += 1) {
      write(timer[i], left > 0
        ? timer[i].getAttribute("data-new-code-in").replace("{n}", n)
        : timer[i].getAttribute("data-fetching"));
    }
  }

  function sayWhy(texts) {
    light(false);
    write(reasons[0], texts[0]);
    write(reasons[1], texts[1]);
  }

  function ask() {
    var request = new XMLHttpRequest(), asked = mark();
    lastAsked = asked;
    request.open("GET", screen.getAttribute("data-ask-at"));
    request.timeout = TIMEOUT_MILLISECONDS;
    request.onload = function () { take(request.responseText, asked); };
    request.send();
  }

  // Whatever else answers (a sign-in page of the network, a server fault) is no answer: the next try follows.
  function take(text, asked) {
    var told;
    try { told = JSON.parse(text); } catch (_error) { return; }
    if (told.picture) {
      element("picture").innerHTML = told.picture;
      write(element("typed"), told.typed);
      light(true);
    } else if (told.problem) {
      sayWhy(told.problem);
    } else {
      return;
    }
    answer.asked = asked;
    setTimes(told.seconds, told.seconds_accepted || 0);
    tick();
  }

  function wake() {
    if (navigator.wakeLock && document.visibilityState === "visible") {
      navigator.wakeLock.request("screen").then(null, function () { /* low battery: it may sleep */ });
    }
    tick();
  }

  document.addEventListener("visibilitychange", wake);
  window.addEventListener("online", tick);
  setInterval(tick, 1000);
  wake();
}());
