// A network that runs in the page: nothing is loaded before the reader asks for it, and nothing from elsewhere.
const engineAt = new URL("../engine/", import.meta.url);
const ENGINE_BYTES = 3_732_981; // ort.mjs and ort.wasm.gzip
const CLOSE = 1e-4; // how far an output may be from PyTorch's

let engine; // one for all figures of the page

async function fetched(address) {
  const answer = await fetch(address);
  if (!answer.ok) throw new Error(`${new URL(address).pathname} did not load (${answer.status})`);
  return answer;
}

async function startEngine() {
  const [ort, packed] = await Promise.all([
    import(new URL("ort.mjs", engineAt)),
    fetched(new URL("ort.wasm.gzip", engineAt)), // compressed here, since not every host compresses
  ]);
  ort.env.wasm.numThreads = 1; // more need headers that a static host does not send
  ort.env.wasm.wasmBinary = await new Response(packed.body.pipeThrough(new DecompressionStream("gzip"))).arrayBuffer();
  return ort;
}

function missing() {
  if (typeof WebAssembly !== "object") return "WebAssembly";
  return typeof DecompressionStream === "function" ? "" : "DecompressionStream";
}

const shape = (nested) => (Array.isArray(nested) ? [nested.length, ...shape(nested[0] ?? 0)] : []);

const ARRAYS = {
  float32: (values) => Float32Array.from(values, Number),
  int64: (values) => BigInt64Array.from(values, (value) => BigInt(value)),
  int32: (values) => Int32Array.from(values),
  bool: (values) => Uint8Array.from(values, Number),
};

/** How far two lists of numbers are apart at most; infinities and NaN must be the same. */
function distance(found, wanted) {
  return Math.max(
    0,
    ...wanted.map((value, place) => {
      const [one, other] = [Number(found[place]), Number(value)];
      if (Object.is(one, other)) return 0;
      return Number.isFinite(one - other) ? Math.abs(one - other) : Infinity;
    }),
  );
}

async function load(part) {
  engine ??= startEngine();
  engine.catch(() => (engine = undefined)); // another click tries again
  const [ort, graph, example, script] = await Promise.all([
    engine,
    fetched(part("graph.onnx")).then((answer) => answer.arrayBuffer()),
    fetched(part("example.json")).then((answer) => answer.json()),
    import(part("script.js")),
  ]);
  const session = await ort.InferenceSession.create(new Uint8Array(graph), { logSeverityLevel: 3 });
  let last = Promise.resolve(); // a session answers one question at a time
  const ask = (feeds) => (last = last.catch(() => {}).then(() => session.run(feeds)));

  const tensor = (name, values, dims) => {
    const { type } = example.inputs[name];
    return new ort.Tensor(type, ARRAYS[type](values), dims);
  };
  const run = async (inputs) => {
    const feeds = Object.entries(inputs).map(([name, nested]) => [name, tensor(name, [nested].flat(Infinity), shape(nested))]);
    return ask(Object.fromEntries(feeds));
  };

  const feeds = Object.entries(example.inputs).map(([name, { data, dims }]) => [name, tensor(name, data, dims)]);
  const found = await ask(Object.fromEntries(feeds));
  for (const [name, { data }] of Object.entries(example.outputs)) {
    const off = distance(found[name].data, data);
    if (!(off <= CLOSE)) throw new Error(`here the network computes something else than when it was recorded (off by ${off})`);
  }
  return { model: { run, settings: example.settings }, show: script.default };
}

export default function begin(figure) {
  const links = [...figure.querySelectorAll("a.mlblog-part")];
  const part = (name) => links.find((link) => link.pathname.endsWith(`-model-${name}`)).href;
  const bytes = links.reduce((sum, link) => sum + Number(link.dataset.bytes), ENGINE_BYTES);

  const controls = document.createElement("div");
  controls.className = "mlblog-controls mlblog-offer";
  const button = Object.assign(document.createElement("button"), { type: "button", textContent: "Try it" });
  const told = document.createElement("span");
  told.setAttribute("role", "status");
  controls.append(button, told);
  figure.append(controls);

  if (missing()) {
    button.disabled = true;
    told.textContent = `This browser has no ${missing()}, which running the network needs.`;
    return;
  }
  told.textContent = `runs the network here; loads ${(bytes / 1e6).toFixed(1)} MB from this site`;
  button.addEventListener("click", async () => {
    button.disabled = true;
    told.textContent = "loading…";
    try {
      const { model, show } = await load(part);
      const box = document.createElement("div");
      box.className = "mlblog-trial";
      await show(box, model);
      figure.prepend(box);
      figure.dataset.alive = "";
      figure.run = model.run;
      controls.remove();
      box.querySelector("input, select, button, [tabindex]")?.focus();
    } catch (error) {
      button.disabled = false;
      told.textContent = `It does not run: ${error.message}.`;
    }
  });
}
