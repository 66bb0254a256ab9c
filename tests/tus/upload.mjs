// A stock client of tus, as an app would use it: uploads one file and goes on after every fault. Arguments: the endpoint,
// the file, its metadata as JSON, the length of a part (0: the whole file in one request). The access token is in TOKEN. With
// EXTENSIONS it brings bytes with its beginning, and says POST where others say PATCH.
import { createReadStream, statSync } from "node:fs";
import * as tus from "tus-js-client";

const extensions = Boolean(process.env.EXTENSIONS);
const [endpoint, file, metadata, part] = process.argv.slice(2);
const upload = new tus.Upload(createReadStream(file), {
  endpoint,
  uploadSize: statSync(file).size,
  chunkSize: Number(part) || 64 * 1024 * 1024,
  metadata: JSON.parse(metadata),
  headers: { Authorization: `Bearer ${process.env.TOKEN}` },
  retryDelays: Array(200).fill(50),
  uploadDataDuringCreation: extensions,
  overridePatchMethod: extensions,
  onError(error) {
    console.error(String(error));
    process.exit(1);
  },
  onSuccess() {
    console.log(upload.url);
    process.exit(0);
  },
});
upload.start();
