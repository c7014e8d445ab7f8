#!/usr/bin/env node
// `netbox-proxmox COMMAND`: its modules come from the pack that `npm run preview` starts from (docs/decisions/019).
"use strict";
const { join } = require("node:path");
const { startQuick } = require("./modules.cjs");

startQuick(join(__dirname, "..", "dist", "command"), false);
require("../dist/cli/main.js");
