// Who runs: read from /proc, because a process that was orphaned is nobody's child any more.

import { readFileSync, readdirSync, readlinkSync } from 'node:fs';

function read(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name may hold spaces and brackets: the fields begin after the last one.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
    let cwd = '';
    try {
      cwd = readlinkSync(`/proc/${pid}/cwd`);
    } catch {
      // It ended meanwhile, or is somebody else's.
    }
    return { pid, state: fields[0], parent: Number(fields[1]), started: fields[19], command, cwd };
  } catch {
    return null;
  }
}

/** Everything that runs, without the dead that nobody has waited for yet. */
export function running() {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => read(Number(name)))
    .filter((it) => it && it.state !== 'Z' && it.state !== 'X');
}

export function descendants(pid) {
  const all = running();
  const found = [];
  let parents = new Set([pid]);
  while (parents.size > 0) {
    const children = all.filter((it) => parents.has(it.parent));
    found.push(...children);
    parents = new Set(children.map((it) => it.pid));
  }
  return found;
}

/** Those of `earlier` that still run, and whatever works in `folder`. */
export function leftOver(earlier, folder) {
  const key = (it) => `${it.pid}@${it.started}`;
  const keys = new Set(earlier.map(key));
  return running().filter((it) => keys.has(key(it)) || it.cwd.startsWith(folder) || it.command.includes(folder));
}
