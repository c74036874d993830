// What a citizen's page does beyond plain HTML: a form is kept until it is acknowledged, and answering is a little
// easier. The page works without any of it. ES2017, which WebViews know since 2017; an older one skips the whole
// script and posts the form itself. The words stand in _unsent.html. The phone's clock is never asked for the time.
(() => {
"use strict";
const byId = id => document.getElementById(id);
const all = (selector, place = document) => Array.from(place.querySelectorAll(selector));
const form = byId("form"), send = byId("send");
const liveKey = form && form.elements["form-key"].value;
const unsent = {};

function fill(place, slot, text) {
	place.querySelector(`[data-slot=${slot}]`).textContent = text;
}

// The store holds what was submitted and not acknowledged. Looking into it makes no database, only a submit does.
// Null stands for a store that does not work; after three seconds of silence it does not either.
function inStore(mode, act) {
	return new Promise((done, failed) => {
		const opening = indexedDB.open("survey", 1);
		opening.onupgradeneeded = () => {
			if (mode == "readonly") opening.transaction.abort();
			else opening.result.createObjectStore("unsent", {keyPath: "key"});
		};
		opening.onerror = failed;
		opening.onsuccess = () => {
			const transaction = opening.result.transaction("unsent", mode, {durability: "strict"});
			const asked = act(transaction.objectStore("unsent"));
			transaction.oncomplete = () => done(asked.result);
			transaction.onabort = failed;
			opening.result.close();
		};
		setTimeout(failed, 3000);
	}).catch(() => null);
}

const keep = record => inStore("readwrite", store => store.put(record));
const drop = record => inStore("readwrite", store => store.delete(record.key));

// Change a form as it is kept now; gives undefined if another tab has sent or deleted it meanwhile.
const change = (key, act) => inStore("readwrite", store => {
	const asked = store.get(key);
	asked.onsuccess = () => asked.result && act(asked.result, store);
	return asked;
});

const claim = record => change(record.key, (kept, store) => store.put(leaving(kept)));

// Only a form that never left the phone is called "not yet sent": of any other, the acknowledgement may be lost.
function leaving(record) {
	record.hasLeft = record.hasLeft || navigator.onLine !== false;
	return record;
}

// Whatever the service has not said itself (a captive portal, a proxy, silence) tells nothing about the form.
function post(record) {
	return new Promise(done => {
		const request = new XMLHttpRequest();
		request.open("POST", record.action);
		request.setRequestHeader("Accept", "application/json");
		request.setRequestHeader("Content-Type", "application/x-www-form-urlencoded");
		request.responseType = "json";
		request.timeout = 20000;
		request.onloadend = () => {
			const wait = +request.getResponseHeader("Retry-After") || 0;
			const told = request.getResponseHeader("Told-By") == "survey" && request.response || 0;
			done({status: request.status, wait, told, problem: told.problem});
		};
		request.send(record.body);
	});
}

// One unsent form: its record, its box on the page, and when it is tried again.
function follow(record) {
	const box = byId("unsent-box").content.firstElementChild.cloneNode(true);
	const one = {record, box, isLive: record.key == liveKey, isKept: true, pause: 5};
	box.onclick = event => {
		const act = {attempt, mend, save, forget, another}[event.target.dataset.act];
		if (act) act(one, event.target);
	};
	fill(box, "place", record.place);
	return unsent[record.key] = one;
}

function show(one, ...states) {
	for (const part of all("[data-when]", one.box)) {
		part.hidden = !part.dataset.when.split(" ").some(state => states.includes(state));
	}
	if (!one.box.parentNode) byId("unsent").append(one.box);
}

function standing({isKept, record}) {
	if (isKept) return record.hasLeft ? "unclear" : "stored";
	return record.hasLeft ? "lost" : "unstored";
}

async function attempt(one) {
	if (one.isSending) return;
	one.isSending = true;
	show(one, "unsent", standing(one), "sending");
	const kept = one.isKept ? await claim(one.record) : null;
	if (kept === undefined) return missing(one);
	one.record = kept || leaving(one.record);
	transmit(one);
}

async function transmit(one) {
	one.timer = clearTimeout(one.timer);
	const {status, wait, told, problem} = await post(one.record);
	one.isSending = false;
	if (status == 200 && /^\w{5}-\w{5}$/.test(told.receipt)) acknowledged(one, told);
	else if (!unsent[one.record.key]) return;
	else if (status >= 400 && status < 500 && problem) refused(one, status, problem);
	else later(one, wait, problem);
}

async function acknowledged(one, told) {
	const isCleared = await drop(one.record) !== null;
	delete unsent[one.record.key];
	if (one.box.parentNode) {
		fill(one.box, "time", told.time);
		one.box.querySelector("[data-slot=thanks]").href = told.thanks;
		fill(one.box, "its-receipt", told.receipt);
		fill(one.box, "its-case", told.case);
		// A new form waits untouched on the page: it stays away until it is asked for.
		const makesRoom = form && !unsent[liveKey] && !chosen(form).length;
		const states = one.isLive ? [] : ["receipt", told.case && "case", makesRoom && "another"];
		show(one, "sent", isCleared && "cleared", ...states);
		if (states[2]) unlock(firstWords, thanks);
	}
	if (one.isLive) thank(told);
}

function another(one, button) {
	button.hidden = true;
	unlock(firstWords);
	title.focus();
}

// What can be mended the server shows on the form's own page. What is refused for good can be saved or deleted.
function refused(one, status, problem) {
	const isMendable = status == 400 || status == 422;
	one.problem = problem;
	if (isMendable && one.isLive) return mend(one);
	fill(one.box, "problem", problem);
	show(one, "unsent", "refused", isMendable && "mendable");
	stepBack(one);
}

function later(one, wait, problem) {
	fill(one.box, "problem", problem);
	show(one, "unsent", "waiting", problem && !one.isKept ? "told" : standing(one));
	stepBack(one);
	one.isPutOff = wait > 0;
	countDown(one, Math.max(wait, one.pause));
	one.pause = Math.min(one.pause * 2, 300);
}

function countDown(one, left) {
	if (left <= 0) return attempt(one);
	fill(one.box, "seconds", left);
	one.timer = setTimeout(countDown, 1000, one, left - 1);
}

// A form leaves for its mending with a mark, and the page on which it comes back drops it (below). Until then any
// other page offers it again, for the network may be gone by now.
async function mend(one) {
	const {problem, record} = one;
	const kept = await change(record.key, (kept, store) => store.put(Object.assign(kept, {problem})));
	release(one);
	if (kept === undefined && !one.isLive) return;
	try { sessionStorage.setItem("mending", record.key); } catch (_) { /* the form comes back under its own key */ }
	document.body.appendChild(asForm(record)).submit();
}

function mended() {
	let key = liveKey;
	try {
		key = sessionStorage.getItem("mending") || liveKey;
		sessionStorage.removeItem("mending");
	} catch (_) { /* as above */ }
	return change(key, (kept, store) => kept.problem && store.delete(key));
}

// What the store has lost is never sent by itself: it may have been deleted. The page's own form stays open.
function missing(one) {
	if (!one.isLive) return release(one);
	one.timer = clearTimeout(one.timer);
	one.isSending = one.isKept = false;
	show(one, "unsent", standing(one));
	stepBack(one);
}

async function forget(one) {
	if (await drop(one.record) !== null || !one.isKept) release(one);
}

function release(one) {
	clearTimeout(one.timer);
	one.box.remove();
	delete unsent[one.record.key];
	if (one.isLive) unlock(firstWords);
}

// A file that sends the form from wherever it is opened.
function save(one, link) {
	const copy = asForm(one.record);
	copy.append(byId("unsent-file").content.cloneNode(true));
	fill(copy, "place", one.record.place);
	const markup = ["\ufeff<!doctype html>", document.querySelector("style").outerHTML, copy.outerHTML];
	link.href = URL.createObjectURL(new Blob(markup, {type: "text/html"}));
}

function asForm(record) {
	const copy = document.createElement("form");
	copy.method = "post";
	copy.action = new URL(record.action, location.href).href;
	new URLSearchParams(record.body).forEach((value, name) => {
		const field = copy.appendChild(document.createElement("input"));
		field.type = "hidden";
		field.name = name;
		field.setAttribute("value", value);
	});
	return copy;
}

// Every page looks after what waits: when it opens, when it is looked at again, when the network is back.
async function look() {
	for (const one of Object.values(unsent)) {
		if (one.timer && !one.isPutOff) attempt(one);
	}
	for (const record of await inStore("readonly", store => store.getAll()) || []) {
		if (unsent[record.key] || record.key == liveKey) continue;
		if (record.problem) refused(follow(record), 422, record.problem);
		else attempt(follow(record));
	}
}

addEventListener("online", look);
addEventListener("pageshow", look);
document.addEventListener("visibilitychange", () => document.hidden || look());

// Whoever reloads a page whose token has left the address bar (below) is led back to it.
if (!form && history.state) location.replace(history.state);
if (!form) return;

// The form of this page.
const firstWords = send.textContent;
const title = document.querySelector("h1"), heading = title.textContent, received = byId("received");
const thanks = received.firstElementChild.textContent;
const parts = all("main>:not(#received),h1~p+p,nav>*,[href='#form-data']");
title.tabIndex = -1;

form.onsubmit = () => {
	submit().catch(() => form.submit());
	return false;
};

// Another language is a button: the browser sends the answers to be shown again, and nothing is to be kept.
for (const button of all("nav button")) button.onclick = () => { form.onsubmit = null; };

async function submit() {
	const one = unsent[liveKey] || follow({key: liveKey, place: document.title});
	if (one.isSending) return;
	one.isSending = send.disabled = true;
	send.textContent = one.box.querySelector("[data-when=sending]").textContent;
	const body = new URLSearchParams();
	new FormData(form).forEach((value, name) => body.append(name, value));
	Object.assign(one.record, {action: form.getAttribute("action"), body: body.toString()});
	one.isKept = await keep(leaving(one.record)) !== null;
	transmit(one);
}

// A kept form makes room for its box; one that could not be kept stays on the page, to be sent again.
function stepBack(one) {
	if (!one.isLive) return;
	if (send.disabled) one.box.focus();
	unlock(one.box.querySelector("[data-when~=lost][data-act]").textContent, byId("unsent-box").dataset[standing(one)]);
}

// With a heading of its own the form is out of sight.
function unlock(words, kept) {
	send.disabled = false;
	send.textContent = words;
	title.textContent = kept || heading;
	for (const part of parts) part.hidden = !!kept;
}

// The thank-you takes the place of the form, its address that of the page: a reload shows it again, and other
// languages are links to it.
function thank(told) {
	title.textContent = document.title = thanks;
	received.hidden = false;
	for (const part of all("body>i,h1~p+p,#received>h2,#form,[href='#form-data']")) part.remove();
	for (const language of all("nav>*")) language.replaceWith(linkInstead(language, told.thanks));
	fill(received, "receipt", told.receipt);
	if (told.case) {
		fill(received, "case", told.case);
		received.querySelector("[data-slot=with-case]").hidden = false;
		for (const link of all("a", received)) link.href = link.href.replace("NUMBER", told.case);
	}
	history.replaceState(null, "", told.thanks);
	title.focus();
	scrollTo(0, 0);
}

// A link in place of a link or button, to an address of ours in its language.
function linkInstead({lang, textContent}, path) {
	const address = new URL(path, location.href);
	address.searchParams.set("lang", lang);
	return Object.assign(document.createElement("a"), {href: address.href, lang, hreflang: lang, textContent});
}

// A token or ticket leaves the address bar.
if (location.pathname != new URL(form.action).pathname) history.replaceState(location.href, "", form.action);

// Comfort: follow-ups come when asked for, a choice can be taken back, the eye is led to what must be mended.
const chosen = item => all(":checked", item);

function clear(item) {
	for (const choice of chosen(item)) choice.checked = false;
}

function arrange(changed) {
	for (const item of all("[data-after]", form)) {
		const {after, options} = item.dataset;
		const isAsked = options.split(" ").includes(form.elements[after].value);
		if (!isAsked && changed == after) clear(item);
		item.hidden = !isAsked && !chosen(item).length;
	}
}

for (const button of all(".clear")) {
	const item = button.parentNode;
	button.hidden = false;
	button.onclick = () => {
		clear(item);
		item.querySelector("input").focus();
		arrange(item.id);
	};
}
form.addEventListener("change", event => arrange(event.target.name));
addEventListener("pageshow", () => arrange());
if (byId("form-wrong")) {
	byId("form-wrong").focus();
	mended();
}
})();
