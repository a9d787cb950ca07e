// Asks for the list of files while the scripts of the page still load. api.js takes the answer once. It is no module, so it runs first.

globalThis.earlyFiles = fetch("/api/files", { cache: "no-store" });
globalThis.earlyFiles.catch(() => {}); // api.js says that there is no answer
