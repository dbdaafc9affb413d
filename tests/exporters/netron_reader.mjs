// Reads a file with Netron's own reader, and prints what it has understood.
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { pathToFileURL } from 'node:url';

const [folder, file] = process.argv.slice(2);
const load = (name) => import(pathToFileURL(`${folder}/${name}.js`).href);
const base = await load('base');
const view = await load('view');
const data = readFileSync(file);
const host = {
    environment: () => undefined,
    require: (id) => load(id.replace(/^\.\//, '')),
    event: () => undefined,
    exception: (error) => { throw error; },
    asset: (name) => readFileSync(`${folder}/${name}`, 'utf-8'),
    request: (name) => readFileSync(`${folder}/${name}`, 'utf-8'),
};
const context = {
    identifier: basename(file),
    name: basename(file),
    stream: new base.BinaryStream(data),
    entries: new Map(),
    require: host.require,
    request: host.request,
    asset: host.asset,
    error: (error) => { throw error; },
};
const service = new view.ModelFactoryService(host);
const model = await service.open(context);
const [module] = model.modules;
const argument = (list) => (list || []).map((each) => [each.name, each.value.map((value) => [value.name, (value.initializer ? value.initializer.type : value.type || '').toString()])]);
const nodes = module.nodes.map((node) => ({
    name: node.name, type: node.type.name, inputs: argument(node.inputs), outputs: argument(node.outputs),
    attributes: (node.attributes || []).map((each) => [each.name, String(each.value)]),
}));
console.log(JSON.stringify({ format: model.format, producer: model.producer, description: model.description, inputs: argument(module.inputs), outputs: argument(module.outputs), nodes }));
