"use strict";

// The table of layers works without this script; it adds folding, sorting, search and explanations.

const panel = document.getElementById("explanation");
let opener = null;

function makeButton(text, label) {
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = text;
  if (label) button.setAttribute("aria-label", label);
  return button;
}

// The full name of something inside a block; the name of the network's own block is empty.
function join(block, name) {
  return block ? `${block}.${name}` : name;
}

// --- explanations --------------------------------------------------------------------------------

// Each layer has the numbers of its lines, runs of them by their first and last one: 3-7 12.
function readExplanations(section) {
  const { lines, layers } = JSON.parse(section.querySelector(".explanations").textContent);
  const expand = (runs) => runs.split(" ").map((run) => {
    const [first, last = first] = run.split("-").map(Number);
    return lines.slice(first, last + 1).join("");
  }).join("");
  return new Map(Object.entries(layers).map(([name, runs]) => [name, () => expand(runs)]));
}

function showExplanation(html, from) {
  opener = from;
  // The lines come from the program that wrote the page, which escaped all text of the spec.
  panel.lastElementChild.innerHTML = html;
  panel.hidden = false;
  panel.scrollTop = 0;
  panel.focus();
}

function closeExplanation() {
  panel.hidden = true;
  opener?.focus();
}

document.getElementById("close").addEventListener("click", closeExplanation);
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && !panel.hidden) closeExplanation();
});

// --- the table of layers -------------------------------------------------------------------------

class LayerTable {
  constructor(section, explanations) {
    this.table = section.querySelector(".layers");
    this.body = this.table.tBodies[0];
    this.tools = section.querySelector(".tools");
    this.search = this.tools.querySelector("input");
    this.count = this.tools.querySelector("output");
    this.sorted = null;
    const above = [];
    this.rows = [...this.body.rows].map((row) => {
      const head = row.cells[0];
      const level = Number(head.className.slice(1));
      above.length = level;
      const outer = above.at(-1) ?? null;
      const text = head.textContent;
      const entry = { row, head, text, name: outer ? `${outer.name}.${text}` : text, above: outer, open: null };
      head.dataset.name = entry.name;
      if (row.dataset.open !== undefined) entry.open = row.dataset.open === "1";
      above[level] = entry;
      return entry;
    });
    for (const entry of this.rows) this.addButtons(entry, explanations);
    for (const [column, head] of [...this.table.tHead.rows[0].cells].entries()) this.addSorting(head, column);
    this.search.addEventListener("input", () => this.update());
    for (const button of this.tools.querySelectorAll("[data-fold]")) {
      button.addEventListener("click", () => {
        for (const entry of this.rows) if (entry.open !== null) entry.open = button.dataset.fold === "open";
        this.update();
      });
    }
    this.tools.hidden = false;
    this.update();
  }

  addButtons(entry, explanations) {
    const explain = explanations.get(entry.name);
    entry.head.textContent = "";
    if (entry.open !== null) {
      entry.toggle = makeButton("", entry.text);
      entry.toggle.className = "toggle";
      entry.toggle.addEventListener("click", () => {
        entry.open = !entry.open;
        this.update();
      });
      entry.head.append(entry.toggle);
    }
    const name = document.createElement("span");
    name.textContent = entry.text;
    entry.label = name;
    if (explain) {
      const button = makeButton("");
      button.className = "name";
      button.append(name);
      button.addEventListener("click", () => showExplanation(explain(), button));
      entry.head.classList.add("link");
      entry.head.append(button);
    } else {
      entry.head.append(name);
    }
  }

  addSorting(head, column) {
    const button = makeButton(head.textContent);
    head.textContent = "";
    head.append(button);
    button.addEventListener("click", () => {
      const numeric = head.classList.contains("n");
      const first = numeric ? "descending" : "ascending";
      const second = numeric ? "ascending" : "descending";
      const now = head.getAttribute("aria-sort");
      const next = now === first ? second : now === second ? null : first;
      for (const other of this.table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
      if (next) head.setAttribute("aria-sort", next);
      this.sorted = next && { column, numeric, sign: next === "ascending" ? 1 : -1 };
      this.update();
    });
  }

  // The layers in the chosen order without their blocks, or all rows in the order of the network.
  ordered() {
    if (!this.sorted) return this.rows;
    const { column, numeric, sign } = this.sorted;
    const key = ({ row, name }) => {
      if (column === 0) return name;
      const cell = row.cells[column];
      return numeric ? Number(cell.dataset.amount ?? cell.textContent.replace(/[<,]/g, "")) || 0 : cell.textContent;
    };
    const compare = (a, b) => sign * (numeric ? a - b : String(a).localeCompare(String(b), "en", { numeric: true }));
    return this.rows.filter(({ open }) => open === null).map((entry) => [key(entry), entry])
      .sort(([a], [b]) => compare(a, b)).map(([, entry]) => entry);
  }

  update() {
    const wanted = this.search.value.trim().toLowerCase();
    const fits = (entry) => `${entry.name} ${entry.row.cells[1].textContent}`.toLowerCase().includes(wanted);
    const found = new Set();
    for (const entry of wanted ? this.rows.filter(fits) : []) {
      for (let one = entry; one; one = this.sorted ? null : one.above) found.add(one);
    }
    const shown = this.ordered();
    for (const entry of this.rows) {
      let visible = wanted ? found.has(entry) : true;
      if (!wanted && !this.sorted) for (let one = entry.above; one; one = one.above) visible &&= one.open;
      entry.row.hidden = !visible || (this.sorted !== null && entry.open !== null);
      entry.label.textContent = this.sorted ? entry.name : entry.text;
      if (entry.toggle) {
        entry.toggle.textContent = entry.open ? "▾" : "▸";
        entry.toggle.setAttribute("aria-expanded", String(entry.open));
      }
    }
    const number = shown.filter(({ row }) => !row.hidden).length;
    this.count.textContent = wanted
      ? this.count.dataset.text.replace("{shown}", number).replace("{total}", this.rows.length) : "";
    this.table.classList.toggle("flat", this.sorted !== null);
    this.body.append(...shown.map(({ row }) => row));
  }
}

// --- the drawing ---------------------------------------------------------------------------------

// The drawing of the network, and beside it those of the blocks that are open, each inside the one before.
class BlockPanes {
  constructor(section, explanations) {
    const blocks = section.querySelector(".blocks");
    if (!blocks) return;
    this.opens = JSON.parse(blocks.textContent);
    this.explanations = explanations;
    this.panes = [...section.querySelectorAll(".pane")];
    this.container = section.querySelector(".panes");
    // The open panes with the full name of the block that each shows.
    this.stack = [{ pane: this.panes[0], block: "" }];
    // The first block of those that share a drawing; each drawing comes after one that opens it.
    const firsts = [""];
    for (const [number, pane] of this.panes.entries()) {
      this.addButtons(pane, this.opens[number], firsts[number]);
      for (const [inner, name] of Object.values(this.opens[number])) {
        if (inner) firsts[inner] ??= join(firsts[number], name);
      }
    }
  }

  // Buttons are the boxes that open a block or explain a layer; those of inputs do neither.
  addButtons(pane, opens, block) {
    for (const box of pane.querySelectorAll("g.cnncalc-box[data-name]")) {
      const label = box.dataset.name;
      const [inner, name] = Object.hasOwn(opens, label) ? opens[label] : [0, label];
      if (!inner && !this.explanations.has(join(block, name))) continue;
      const act = () => {
        const place = this.stack.findIndex((one) => one.pane === pane);
        const full = join(this.stack[place].block, name);
        if (inner) this.toggle(place, box, inner, full);
        else if (this.explanations.has(full)) showExplanation(this.explanations.get(full)(), box);
      };
      box.setAttribute("tabindex", "0");
      box.setAttribute("role", "button");
      if (inner) box.setAttribute("aria-expanded", "false");
      box.addEventListener("click", act);
      box.addEventListener("keydown", (event) => {
        if (event.key !== "Enter" && event.key !== " ") return;
        event.preventDefault();
        act();
      });
    }
    pane.querySelector(".bar button")?.addEventListener("click", () => {
      this.close(this.stack.findIndex((one) => one.pane === pane));
    });
  }

  toggle(place, box, number, block) {
    const wasOpen = box.getAttribute("aria-expanded") === "true";
    this.close(place + 1);
    if (wasOpen) return;
    const pane = this.panes[number];
    box.setAttribute("aria-expanded", "true");
    pane.querySelector(".bar b").textContent = block;
    pane.hidden = false;
    this.container.append(pane);
    this.stack.push({ pane, block, box });
    pane.scrollIntoView({ block: "nearest", inline: "nearest" });
  }

  // Close a pane and those inside it.
  close(place) {
    for (const { pane, box } of this.stack.splice(place)) {
      pane.hidden = true;
      box.setAttribute("aria-expanded", "false");
      box.focus({ preventScroll: true });
    }
  }
}

for (const section of document.querySelectorAll(".network")) {
  const explanations = readExplanations(section);
  new LayerTable(section, explanations);
  new BlockPanes(section, explanations);
}
