// Measures of one page in one state; each gives a list of sentences, empty if there is no fault.
(() => {
  const LEAST_TARGET = 44, SLACK = 0.1, WHITE = [255, 255, 255];
  const root = document.documentElement;

  const name = element => {
    const words = (element.innerText || element.value || element.name || "").trim().replace(/\s+/g, " ");
    return `${element.tagName.toLowerCase()}${element.id ? "#" + element.id : ""} “${words.slice(0, 40)}”`;
  };
  const ancestors = element => element ? [...ancestors(element.parentElement), element] : [];
  // There for the ear alone: clipped away, or as small as a pixel.
  const isForReaders = element => ancestors(element).some(each => {
    const {clip, clipPath} = getComputedStyle(each);
    return clip !== "auto" || clipPath !== "none";
  });
  const isShown = element => {
    const {width, height} = element.getBoundingClientRect();
    return element.checkVisibility({visibilityProperty: true, opacityProperty: true})
      && width > 1 && height > 1 && !isForReaders(element);
  };
  const all = selector => [...document.querySelectorAll(selector)].filter(isShown);

  // Colours: [red, green, blue, alpha], from 0 to 255 and 0 to 1.
  const colour = text => {
    const numbers = (text.match(/[\d.]+(?=[,\s)/]|$)/g) || []).map(Number);
    if (/^rgba?\(/.test(text)) return [...numbers.slice(0, 3), numbers[3] ?? 1];
    if (/^color\(srgb /.test(text)) return [...numbers.slice(0, 3).map(part => part * 255), numbers[3] ?? 1];
    throw new Error(`cannot read the colour ${text}`);
  };
  const over = (above, below) => below.slice(0, 3).map((part, i) => above[i] * above[3] + part * (1 - above[3]));
  const luminance = ([red, green, blue]) => {
    const [r, g, b] = [red, green, blue].map(part => part / 255)
      .map(part => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const contrast = (one, other) => {
    const [low, high] = [luminance(one), luminance(other)].sort((a, b) => a - b);
    return (high + 0.05) / (low + 0.05);
  };
  const painted = (elements, paper) => elements
    .reduce((below, each) => over(colour(getComputedStyle(each).backgroundColor), below), paper);
  const canvas = () => {
    const probe = document.createElement("i");
    probe.style.cssText = "background-color:Canvas";
    document.body.append(probe);
    const found = colour(getComputedStyle(probe).backgroundColor);
    probe.remove();
    return found;
  };

  const words = element => {
    const range = document.createRange();
    const text = [...element.childNodes].find(node => node.nodeType === Node.TEXT_NODE && node.data.trim());
    if (text) range.selectNodeContents(text);
    return range.getClientRects()[0] || element.getBoundingClientRect();
  };
  // All that is painted under an element, whether it encloses it or only lies there.
  const ground = (element, paper) => {
    element.scrollIntoView({block: "center"});
    const {left, width, top, height} = words(element);
    const pile = document.elementsFromPoint(left + width / 2, top + height / 2).reverse();
    const place = pile.indexOf(element);
    return painted(place < 0 ? ancestors(element) : pile.slice(0, place + 1), paper);
  };
  // Elements that let a finger through would not be found in the pile.
  const everything = new CSSStyleSheet();
  everything.insertRule("* { pointer-events: auto !important }");
  const withEverythingInReach = measure => (...given) => {
    document.adoptedStyleSheets = [everything];
    const found = measure(...given);
    document.adoptedStyleSheets = [];
    scrollTo(0, 0);
    return found;
  };

  const writesText = element => element.matches("input:not([type=radio],[type=checkbox],[type=hidden]),textarea,select")
    || [...element.childNodes].some(node => node.nodeType === Node.TEXT_NODE && node.data.trim());

  // On paper backgrounds are left out as a rule, so whatever is written must be readable on white.
  function contrasts(least, isOnPaper) {
    const paper = canvas(), faults = [];
    const look = (element, ink, behind, what) => {
      const found = contrast(over(ink, behind), behind);
      if (found < least) faults.push(`${what} of ${name(element)} has a contrast of ${found.toFixed(2)}:1`);
    };
    for (const element of all("body, body *").filter(writesText)) {
      const style = getComputedStyle(element);
      const behind = isOnPaper ? WHITE : ground(element, paper);
      const fades = ancestors(element).reduce((left, each) => left * getComputedStyle(each).opacity, 1);
      const ink = colour(style.color);
      look(element, [...ink.slice(0, 3), ink[3] * fades], behind, "text");
      if (element.placeholder) look(element, colour(getComputedStyle(element, "::placeholder").color), behind, "placeholder");
      if (ancestors(element).some(each => /url|gradient/.test(getComputedStyle(each).backgroundImage)))
        faults.push(`${name(element)} stands on a picture, where contrast cannot be measured`);
    }
    return faults;
  }

  // The edge of what can be filled in or chosen (WCAG 1.4.11).
  function edges() {
    const paper = canvas();
    return all("textarea,select,input:not([type=radio],[type=checkbox],[type=hidden])").flatMap(field => {
      const found = contrast(colour(getComputedStyle(field).borderTopColor), painted(ancestors(field.parentElement), paper));
      return found < 3 ? [`the edge of ${name(field)} has a contrast of ${found.toFixed(2)}:1`] : [];
    });
  }

  const TARGETS = "a[href],button,input:not([type=hidden]),textarea,select,summary,audio[controls],[tabindex='0']";
  // A tap on the words of a choice chooses it; a field to type in must be large by itself.
  const areas = element => [element, ...(element.matches("[type=radio],[type=checkbox]") ? element.labels : [])]
    .map(each => each.getBoundingClientRect());
  function targets() {
    return all(TARGETS).flatMap(element => {
      const isLarge = areas(element).some(box => Math.min(box.width, box.height) >= LEAST_TARGET - SLACK);
      const {width, height} = areas(element).pop();
      return isLarge ? [] : [`${name(element)} can be hit on ${width.toFixed(0)} × ${height.toFixed(0)} only`];
    });
  }

  function fits() {
    const wide = root.scrollWidth - root.clientWidth, faults = [];
    if (wide > 0) faults.push(`the page can be moved sideways by ${wide} px`);
    // What scrolls by itself, and can be reached by the keyboard, may be wider than the screen.
    for (const element of all("body *").filter(each => !each.closest("[role=region][tabindex='0']"))) {
      const style = getComputedStyle(element), box = element.getBoundingClientRect();
      if (box.right > root.clientWidth + 1 || box.left < -1) faults.push(`${name(element)} reaches beyond the screen`);
      const cutsX = style.overflowX !== "visible" && element.scrollWidth > element.clientWidth + 1;
      const cutsY = style.overflowY !== "visible" && element.scrollHeight > element.clientHeight + 1;
      if ((cutsX || cutsY) && !element.matches("input,textarea")) faults.push(`${name(element)} is cut off`);
    }
    return faults.concat(spills());
  }

  // Text that leaves the box drawn around it, as a fixed height makes it do.
  function spills() {
    return all("button,label,legend,summary,a,h1,h2,p,li").flatMap(element => {
      if (getComputedStyle(element).display.startsWith("inline")) return [];
      const box = element.getBoundingClientRect();
      const inner = [element, ...element.querySelectorAll("*")].filter(each => writesText(each) && isShown(each));
      const isOut = inner.map(words).some(rect => rect.bottom > box.bottom + 1 || rect.right > box.right + 1);
      return isOut ? [`the words of ${name(element)} leave their box`] : [];
    });
  }

  function moves() {
    const faults = document.getAnimations().map(() => "something is animated");
    for (const element of document.querySelectorAll("*")) {
      const style = getComputedStyle(element);
      const waits = style.transitionDuration.split(",").some(time => parseFloat(time) > 0);
      if (waits || style.animationName !== "none") faults.push(`${name(element)} moves`);
      if (style.scrollBehavior === "smooth") faults.push(`${name(element)} scrolls smoothly`);
    }
    return faults;
  }

  // What has the focus must show it, and must not lie under something else.
  function focus() {
    const element = document.activeElement, paper = canvas();
    const marked = [element, element.closest("label"), ...(element.labels || [])].filter(each => each);
    const shown = marked.filter(each => {
      const style = getComputedStyle(each);
      const behind = painted(ancestors(each.parentElement), paper);
      return style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2
        && contrast(over(colour(style.outlineColor), behind), behind) >= 3;
    });
    const box = element.getBoundingClientRect();
    const top = document.elementFromPoint(box.left + Math.min(box.width, 40) / 2, box.top + box.height / 2);
    const faults = shown.length ? [] : [`${name(element)} does not show that it has the focus`];
    const isOnTop = top && (marked.some(each => each.contains(top)) || element.contains(top));
    return isOnTop ? faults : [...faults, `${name(element)} has the focus but lies under something else`];
  }

  window.measures = {contrasts: withEverythingInReach(contrasts), edges, targets, fits, moves, focus};
})();
