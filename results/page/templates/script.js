"use strict"
const read = (id) => JSON.parse(document.getElementById(id).textContent)
const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim()

/** What text, axes and grids of figures take from the style sheet: attributes by the end of a model's name. */
function clothes() {
  const ink = colour("--ink-2"), text = { text_color: ink, text_font: colour("--font"), text_font_size: "11px" }
  const labels = Object.fromEntries(
    ["major_label", "axis_label"].flatMap((of) => Object.entries(text).map(([key, value]) => [`${of}_${key}`, value])))
  return { Axis: { ...labels, axis_label_text_font_style: "normal" }, Grid: { grid_line_color: colour("--line") } }
}

const fitting = (worn, name) => Object.entries(worn).find(([end]) => name?.endsWith(end))?.[1]

/** Dress models before they are drawn: as JSON, of which there may be any depth. */
function dressed(value, worn) {
  if (value === null || typeof value !== "object") return value
  if (value.type === "object" && value.attributes) Object.assign(value.attributes, fitting(worn, value.name))
  Object.values(value).forEach((each) => dressed(each, worn))
  return value
}

/** Dress a figure that is drawn. */
function redress(doc, worn) {
  for (const model of doc.all_models) model.setv(fitting(worn, model.type) ?? {})
}

/** Have all figures over time show the same time; a double click shows all of it again. */
class SharedTime {
  ranges = []
  busy = false

  add(range, element) {
    this.whole ??= { start: range.start, end: range.end }
    this.ranges.push(range)
    range.change.connect(() => this.show({ start: range.start, end: range.end }))
    element.addEventListener("dblclick", () => this.show(this.whole))
  }

  show(time) {
    if (this.busy) return
    this.busy = true
    for (const range of this.ranges) range.setv(time)
    this.busy = false
  }
}

/** Until what is drawn is to be seen; in a page that nobody looks at no frame comes. */
const pause = () => new Promise((resolve) => {
  requestAnimationFrame(() => setTimeout(resolve))
  setTimeout(resolve, 100)
})

/** Draw figures, and give their documents. */
async function draw(figures, worn) {
  const models = Object.fromEntries(figures.map((each) => [each.target, dressed(each.models, worn)]))
  const items = figures.map(({ target, root }) => ({ docid: target, roots: { [root]: target }, root_ids: [root] }))
  await Bokeh.embed.embed_items(models, items)
  return Bokeh.documents.slice(-figures.length)
}

const TOGETHER = 4

/** Draw all figures: the first, then some at a time, those that are folded away last. Meanwhile the page can be used. */
async function drawFigures() {
  const script = document.createElement("script"), root = document.documentElement
  script.textContent = document.getElementById("bokeh").textContent
  document.head.append(script)
  Bokeh.logger.set_level("warn")
  const dark = matchMedia("(prefers-color-scheme: dark)"), time = new SharedTime(), worn = clothes(), drawn = []
  const folded = ({ target }) => document.getElementById(target).closest("details:not([open])") !== null
  const figures = read("figures"), waiting = [...figures.filter((each) => !folded(each)), ...figures.filter(folded)]
  while (waiting.length) {
    const some = waiting.splice(0, drawn.length ? TOGETHER : 1), docs = await draw(some, worn)
    docs.forEach((doc, place) => {
      const range = doc.get_model_by_name("time")
      if (range) time.add(range, document.getElementById(some[place].target))
    })
    drawn.push(...docs)
    await pause()
  }
  const change = () => {
    const worn = clothes()
    drawn.forEach((doc) => redress(doc, worn))
    root.classList.toggle("drawn-dark", dark.matches)
  }
  root.classList.toggle("drawn-dark", dark.matches)
  dark.addEventListener("change", change)
  root.dataset.drawn = String(drawn.length)
}

function startMap() {
  const data = read("map-data"), slider = document.getElementById("map-time"), play = document.getElementById("map-play")
  const at = document.getElementById("map-at"), now = document.getElementById("map-now")
  const routes = document.getElementById("map-routes")
  const places = new Map([...document.querySelectorAll(".site")].map((each) => [each.dataset.site, each.dataset]))

  const stateOf = (name, time) => data.states.findLast((each) => each.what === name && each.at_s <= time)?.state ?? "unknown"
  const during = (spans, time) => spans.filter((each) => each.from_s <= time && time < each.until_s)

  function route(span) {
    const points = span.what.split("–").map((name) => places.get(name)).filter(Boolean)
    const path = document.createElementNS("http://www.w3.org/2000/svg", "polyline")
    path.setAttribute("points", points.map((each) => `${each.x},${each.y}`).join(" "))
    path.setAttribute("class", "route")
    return path
  }

  function show(time) {
    const faults = during(data.faults, time), taken = during(data.routes, time), bad = []
    for (const line of document.querySelectorAll("line.link")) {
      const name = line.dataset.link, state = stateOf(name, time)
      const faulted = faults.some((each) => each.what.includes(name) || each.what.includes(name.split("–").reverse().join("–"))
        || each.what.includes(name.replace("–", "→")) || each.what.includes(name.split("–").reverse().join("→")))
      line.setAttribute("class", `link ${state}${faulted ? " faulted" : ""}`)
      if (state === "down" || state === "degraded") bad.push(`${name} ${state}`)
    }
    for (const site of places.keys()) {
      const state = stateOf(site, time), element = document.querySelector(`.site[data-site="${CSS.escape(site)}"]`)
      element.setAttribute("class", `site ${state} ${faults.some((each) => each.what === site) ? "faulted" : ""}`)
      if (state === "down" || state === "degraded") bad.push(`relay ${site} ${state}`)
    }
    routes.replaceChildren(...taken.map(route))
    at.value = `${time.toFixed(2)} s`
    const said = [...faults.map((each) => `fault: ${each.text}`), ...bad, ...taken.map((each) => each.text)]
    now.textContent = said.length ? said.join("; ") : "All links the controller knows of are clean; all calls go their direct way."
  }

  let frame = 0, last = 0
  function stop() {
    cancelAnimationFrame(frame)
    frame = 0
    play.textContent = "▶"
    play.setAttribute("aria-label", "Play the map")
  }
  function step(stamp) {
    const time = Number(slider.value) + (stamp - last) / 1000 * Math.max(1, data.end / 20)
    last = stamp
    slider.value = String(time)
    show(Math.min(time, data.end))
    if (time < data.end) frame = requestAnimationFrame(step)
    else stop()
  }
  play.addEventListener("click", () => {
    if (frame) return stop()
    if (Number(slider.value) >= data.end) slider.value = "0"
    play.textContent = "❚❚"
    play.setAttribute("aria-label", "Pause the map")
    last = performance.now()
    frame = requestAnimationFrame(step)
  })
  slider.addEventListener("input", () => show(Number(slider.value)))
  const first = data.faults[0]
  if (first) slider.value = String(Math.min(data.end, (first.from_s + Math.min(first.until_s, data.end)) / 2))
  show(Number(slider.value))
}

function startCopying() {
  for (const button of document.querySelectorAll("button.copy")) {
    button.addEventListener("click", async () => {
      const code = button.previousElementSibling
      try {
        await navigator.clipboard.writeText(code.textContent)
        button.textContent = "copied"
      } catch {
        getSelection().selectAllChildren(code)
        button.textContent = "selected"
      }
    })
  }
}

/** What is folded away on a screen is on paper too. */
function unfoldForPrint() {
  let opened = []
  addEventListener("beforeprint", () => {
    opened = [...document.querySelectorAll("details:not([open], .records)")]
    opened.forEach((each) => { each.open = true })
  })
  addEventListener("afterprint", () => opened.forEach((each) => { each.open = false }))
}

if (document.getElementById("map-time")) startMap()
startCopying()
unfoldForPrint()
requestAnimationFrame(() => setTimeout(drawFigures)) // once the page is to be seen
