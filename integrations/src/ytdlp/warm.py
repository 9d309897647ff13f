"""Runs jobs of yt-dlp in forks of one process that has imported it already.

Importing yt-dlp is most of what a small download costs. This process does it once; each job is
a fork with a session, folder, environment and limits of its own, as if it had been started alone.

stdin:  one JSON object a line
    {"op": "start", "job": N, "arguments": [...], "environment": {...}, "folder": PATH, "limits": {...}}
    {"op": "interrupt", "job": N}    SIGINT, and SIGKILL three seconds later
    {"op": "kill", "job": N}
stdout: frames of a job (4 bytes), a kind (1 byte), a length (4 bytes, big endian) and that many bytes
    0 ready   1 started: pid   2 bytes of stdout   3 bytes of stderr   4 ended: exit code or -signal

When stdin ends it waits for its jobs, which whoever closed stdin interrupts.
"""
import gc
import json
import os
import resource
import selectors
import signal
import struct
import sys
import time
import traceback

READY, STARTED, STDOUT, STDERR, ENDED = range(5)
GRACE_S = 3
CHUNK = 65536
LIMITS = {
    'file_bytes': resource.RLIMIT_FSIZE,
    'memory_bytes': resource.RLIMIT_DATA,
    'open_files': resource.RLIMIT_NOFILE,
    'processes': resource.RLIMIT_NPROC,
}


def warm_up(yt_dlp):
    """Does once what every job would do. All of it may fail: then the jobs do it themselves."""
    import yt_dlp.downloader.dash
    import yt_dlp.downloader.external
    import yt_dlp.downloader.hls
    import yt_dlp.downloader.http
    import yt_dlp.extractor.extractors
    import yt_dlp.extractor.generic
    from yt_dlp.postprocessor.ffmpeg import FFmpegPostProcessor
    with yt_dlp.YoutubeDL({'quiet': True, 'cachedir': False}) as ydl:
        ydl._request_director
        ydl.get_info_extractor('Generic')
        # Compiles the addresses of some two thousand sites, which is the half of a small job.
        for extractor in ydl._ies.values():
            extractor.suitable('https://nowhere.invalid/')
        # Asks ffmpeg for its version and remembers it.
        ffmpeg = FFmpegPostProcessor(ydl)
        ffmpeg.available, ffmpeg.probe_available


class Job:
    def __init__(self, number, pid, stdout, stderr):
        self.number = number
        self.pid = pid
        self.pipes = {stdout: STDOUT, stderr: STDERR}
        self.kill_at = None
        self.code = None
        self.over_at = None


class Helper:
    def __init__(self):
        self.frames = os.dup(1)
        self.jobs = {}
        self.selector = selectors.DefaultSelector()
        self.woken, wake = os.pipe()
        for fd in (self.woken, wake):
            os.set_blocking(fd, False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
        self.wake = wake
        self.selector.register(self.woken, selectors.EVENT_READ, self.drain_wakeups)
        self.selector.register(0, selectors.EVENT_READ, self.read_orders)
        self.orders = b''
        self.is_open = True

    def send(self, number, kind, data=b''):
        frame = struct.pack('>IBI', number, kind, len(data)) + data
        while frame:
            frame = frame[os.write(self.frames, frame):]

    def run(self):
        self.send(0, READY)
        while self.is_open or self.jobs:
            for key, _ in self.selector.select(self.patience()):
                key.data()
            self.look_after_jobs()

    def patience(self):
        now = time.monotonic()
        times = [at for job in self.jobs.values() for at in (job.kill_at, job.over_at) if at is not None]
        return max(0.0, min(times) - now) if times else None

    def drain_wakeups(self):
        try:
            os.read(self.woken, 4096)
        except BlockingIOError:
            pass

    def read_orders(self):
        data = os.read(0, CHUNK)
        if not data:
            self.is_open = False
            self.selector.unregister(0)
            return
        *lines, self.orders = (self.orders + data).split(b'\n')
        for line in lines:
            order = json.loads(line)
            number = order['job']
            if order['op'] == 'start':
                self.start(number, order)
            elif number in self.jobs:
                job = self.jobs[number]
                if order['op'] == 'interrupt':
                    self.signal(job, signal.SIGINT)
                    job.kill_at = time.monotonic() + GRACE_S
                else:
                    self.signal(job, signal.SIGKILL)

    def signal(self, job, what):
        """To the whole group; before the fork has made its session, to itself."""
        if job.code is not None:
            return
        for send in (os.killpg, os.kill):
            try:
                return send(job.pid, what)
            except ProcessLookupError:
                continue

    def start(self, number, order):
        pipes = [os.pipe(), os.pipe()]
        pid = os.fork()
        if pid == 0:
            become(order, pipes[0][1], pipes[1][1])
        for read, write in pipes:
            os.close(write)
        job = Job(number, pid, pipes[0][0], pipes[1][0])
        self.jobs[number] = job
        for read in job.pipes:
            self.selector.register(read, selectors.EVENT_READ, lambda job=job, read=read: self.pass_on(job, read))
        self.send(number, STARTED, str(pid).encode())

    def pass_on(self, job, pipe):
        data = os.read(pipe, CHUNK)
        if data:
            self.send(job.number, job.pipes[pipe], data)
        else:
            self.close(job, pipe)

    def close(self, job, pipe):
        self.selector.unregister(pipe)
        os.close(pipe)
        del job.pipes[pipe]

    def look_after_jobs(self):
        now = time.monotonic()
        for job in list(self.jobs.values()):
            if job.code is None:
                self.bury(job)
            if job.code is None and job.kill_at is not None and now >= job.kill_at:
                self.signal(job, signal.SIGKILL)
                job.kill_at = None
            if job.code is not None and (not job.pipes or now >= job.over_at):
                for pipe in list(job.pipes):
                    self.close(job, pipe)
                del self.jobs[job.number]
                self.send(job.number, ENDED, str(job.code).encode())

    def bury(self, job):
        """Kills what the job left behind while its pid is still its own."""
        if os.waitid(os.P_PID, job.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
            return
        try:
            os.killpg(job.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            pass
        _, status = os.waitpid(job.pid, 0)
        job.code = os.waitstatus_to_exitcode(status)
        job.kill_at = None
        job.over_at = time.monotonic() + 1


def become(order, stdout, stderr):
    """Turns this fork into the job; does not return."""
    code = 1
    try:
        os.setsid()
        signal.set_wakeup_fd(-1)
        for what in (signal.SIGCHLD, signal.SIGTERM):
            signal.signal(what, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        null = os.open(os.devnull, os.O_RDONLY)
        for fd, to in ((null, 0), (stdout, 1), (stderr, 2)):
            os.dup2(fd, to)
        for fd in os.listdir('/proc/self/fd'):
            if int(fd) > 2:
                try:
                    os.close(int(fd))
                except OSError:
                    pass
        os.umask(0o077)
        os.chdir(order['folder'])
        os.environ.clear()
        os.environ.update(order['environment'])
        for name, what in LIMITS.items():
            limit = order['limits'].get(name)
            if limit is not None:
                hard = resource.getrlimit(what)[1]
                limit = limit if hard == resource.RLIM_INFINITY else min(limit, hard)
                resource.setrlimit(what, (limit, limit))
        code = run_main(order['arguments'])
    except BaseException:
        traceback.print_exc()
    finally:
        for stream in (sys.stdout, sys.stderr):
            try:
                stream.flush()
            except BaseException:
                pass
        os._exit(code)


def run_main(arguments):
    """What the script of yt-dlp does, and what Python makes of how it ends."""
    sys.argv = ['yt-dlp', *arguments]
    try:
        code = yt_dlp.main()
    except SystemExit as end:
        code = end.code
    if code is None:
        return 0
    if isinstance(code, int):
        return code & 0xff
    print(code, file=sys.stderr)
    return 1


signal.signal(signal.SIGINT, signal.SIG_IGN)
import yt_dlp
try:
    warm_up(yt_dlp)
except Exception:
    pass
gc.collect()
gc.freeze()
Helper().run()
