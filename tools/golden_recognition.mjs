// Reference outputs of the four converted networks (face_recognition, face_expression, emotion, faceres), computed by the packages they come from.
// node tools/golden_recognition.mjs PACKAGES FACES: PACKAGES is a folder with the npm packages named in golden_recognition.py,
// FACES one with faces_<size>.f32 (N, size, size, 3) float32 RGB 0..255. Prints one JSON object.
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';

const [packages, faces] = process.argv.slice(2);
const require = createRequire(path.join(path.resolve(packages), 'package.json'));
const tf = require('@tensorflow/tfjs');
require('@tensorflow/tfjs-backend-wasm');
const faceapi = require('@vladmandic/face-api/dist/face-api.node-wasm.js');

const modules = path.join(path.resolve(packages), 'node_modules');

function readFaces(size) {
  const bytes = fs.readFileSync(path.join(faces, `faces_${size}.f32`));
  const values = new Float32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);
  return tf.unstack(tf.tensor4d(values, [values.length / (size * size * 3), size, size, 3]));
}

function loadHuman(name) {
  const folder = path.join(modules, '@vladmandic/human/models');
  const { modelTopology, weightsManifest, signature } = JSON.parse(fs.readFileSync(path.join(folder, `${name}.json`)));
  const bytes = fs.readFileSync(path.join(folder, `${name}.bin`));
  const weightData = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
  const weightSpecs = weightsManifest.flatMap((group) => group.weights);
  return tf.loadGraphModel(tf.io.fromMemory({ modelTopology, weightSpecs, weightData, signature }));
}

async function faceApi() {
  const folder = path.join(modules, '@vladmandic/face-api/model');
  await faceapi.nets.faceRecognitionNet.loadFromDisk(folder);
  await faceapi.nets.faceExpressionNet.loadFromDisk(folder);
  const embedding = [];
  for (const face of readFaces(150)) embedding.push(Array.from(await faceapi.nets.faceRecognitionNet.computeFaceDescriptor(face)));
  const expression = [];
  for (const face of readFaces(112)) expression.push((await (await faceapi.nets.faceExpressionNet.forward(face)).array())[0]);
  return { embedding, expression };
}

// src/gear/emotion.ts of human: luma of 0..1, less 0.5, times 2
async function emotions() {
  const model = await loadHuman('emotion');
  return readFaces(64).map((face) => {
    const grey = tf.sum(tf.mul(tf.div(face, 255), tf.tensor1d([0.2989, 0.5870, 0.1140])), 2, true);
    return model.execute(tf.expandDims(tf.mul(tf.sub(grey, 0.5), 2))).arraySync()[0];
  });
}

// human feeds RGB in 0..255; the network was trained on BGR less the mean colour (age_gender_identity/facial_analysis.py of
// av-savchenko/HSE_FaceRec_tf) and that is what it gets here. Outputs are told apart by their width, as in human's faceres.ts.
async function descriptors() {
  const model = await loadHuman('faceres');
  const result = { descriptor: [], gender: [], age_probabilities: [] };
  for (const face of readFaces(224)) {
    const outputs = model.execute(tf.expandDims(tf.sub(tf.reverse(face, 2), tf.tensor1d([103.939, 116.779, 123.68]))));
    const ofWidth = (width) => outputs.find((output) => output.shape[1] === width).arraySync()[0];
    result.descriptor.push(ofWidth(1024));
    result.gender.push(ofWidth(1)[0]);
    result.age_probabilities.push(ofWidth(100));
  }
  return result;
}

await tf.setBackend('wasm');
await tf.ready();
process.stdout.write(JSON.stringify({ ...(await faceApi()), emotion: await emotions(), ...(await descriptors()) }));
