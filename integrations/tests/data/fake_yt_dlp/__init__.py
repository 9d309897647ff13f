"""Pretends to be yt-dlp: tells how it was started, then does what the address asks for."""
import json
import os
import resource
import signal
import subprocess
import sys
import time


def say(stream, **line):
    stream.write(json.dumps({'ev': line.pop('ev'), **line}, separators=(',', ':')) + '\n')
    stream.flush()


def start():
    say(sys.stdout, ev='start', i={'id': 'x', 'title': 'X', 'ext': 'mp4', 'format_id': '1'})


def done(path):
    say(sys.stdout, ev='done', i={'id': 'x', 'title': 'X', 'filepath': path})


def tell_how_we_were_started():
    soft = lambda what: resource.getrlimit(what)[0]
    umask = os.umask(0)
    os.umask(umask)
    # Without the one that the listing itself needs.
    descriptors = [int(fd) for fd in os.listdir('/proc/self/fd') if os.path.exists(f'/proc/self/fd/{fd}')]
    with open('/proc/self/environ', 'rb') as file:
        born_with = [entry.split(b'=')[0].decode() for entry in file.read().split(b'\0') if entry]
    with open('told.json', 'w') as file:
        json.dump({
            'arguments': sys.argv[1:],
            'environment': dict(os.environ),
            'born_with': sorted(born_with),
            'folder': os.getcwd(),
            'umask': umask,
            'open_files': soft(resource.RLIMIT_NOFILE),
            'file_bytes': soft(resource.RLIMIT_FSIZE),
            'core': soft(resource.RLIMIT_CORE),
            'descriptors': sorted(descriptors),
            'stdin': os.read(0, 1).decode(),
        }, file)


def main(argv=None):
    if '--version' in sys.argv:
        print('2026.08.19')
        return
    tell_how_we_were_started()
    what = sys.argv[-1].rsplit('/', 1)[1]
    here = os.path.join(os.getcwd(), 'x.mp4')
    if what in ('ok', 'ok-but-1', 'noise'):
        with open(here, 'w') as file:
            file.write('film')
    if what == 'noise':
        sys.stdout.buffer.write(b'\xff\x00\xfe{"ev":"progress"\n' + b'x' * 10_000_000 + b'\n{"ev":"start","i":7}\n')
        sys.stderr.buffer.write(b'y' * 1_000_000 + b'\n{"ev":\n')
        sys.stdout.flush()
        sys.stderr.flush()
    start()
    if what in ('ok', 'ok-but-1', 'noise', 'missing'):
        done(here)
    elif what == 'empty':
        open(here, 'w').close()
        done(here)
    elif what == 'escape':
        done('/etc/hostname')
    elif what == 'link':
        os.symlink('/etc/hostname', here)
        done(here)
    elif what == 'desktop':
        with open('x.desktop', 'w') as file:
            file.write('[Desktop Entry]')
        done(os.path.join(os.getcwd(), 'x.desktop'))
    elif what == 'stubborn':
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        child = [sys.executable, '-c', 'import signal, time; signal.signal(signal.SIGINT, signal.SIG_IGN); time.sleep(600)']
        subprocess.Popen(child)
        time.sleep(600)
    elif what == 'traceback':
        raise AssertionError('what now')
    elif what == 'words':
        sys.exit('\nERROR: [x] 1: Video unavailable')
    sys.exit(1 if what == 'ok-but-1' else 0)
