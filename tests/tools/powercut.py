#!/usr/bin/env python3
"""powercut.py: does acknowledged data survive a power cut?  Linux, root, standard library only.

A writer runs on a fresh ext4 image mounted through a loop device. At a random moment the file system is shut down without
flushing its log (FS_IOC_SHUTDOWN, NOLOGFLUSH): what was not synced is gone, as when the power fails. The image is unmounted,
mounted again (journal replay) and the verifier looks at what is left.

  cargo build --release -p taizhang-tests --bin powercut_writer
  unshare -m python3 tests/tools/powercut.py --cuts 100 \
      --write 'target/release/powercut_writer write {dir}' --verify 'target/release/powercut_writer verify {dir} {acked}'

The writer prints a line `acked N` (N counting up) only after it considers item N durable. The verifier gets the highest N seen
and exits 0 if items 0..=N are all there and whole; its last line is shown when it fails. With `--no-fsync` in the writer's
command the run must fail, or it shows nothing. A killed process (SIGKILL) alone never loses the page cache, so it can't show a
missing fsync; this can. A drive's own volatile cache is not modelled.
`unshare -m`: else another mount namespace keeps the dead mount alive and every open gives EIO.
Exit status 0: every cut survived.
"""
import argparse
import collections
import fcntl
import os
import random
import select
import shlex
import signal
import struct
import subprocess
import sys
import tempfile
import time

EXT4_IOC_SHUTDOWN, NOLOGFLUSH = 0x8004587D, 2


def sh(*cmd):
    return subprocess.run(cmd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


def fresh(image, mount, size_mb):
    with open(image, "wb") as f:
        f.truncate(size_mb << 20)
    sh("mkfs.ext4", "-q", "-F", "-E", "lazy_itable_init=0,lazy_journal_init=0", image)
    r = sh("mount", "-o", "loop", image, mount)
    if r.returncode:
        sys.exit("mount failed: " + r.stdout.decode())


def run_writer(cmd, seconds):
    """Starts the writer, reads its acknowledgements for `seconds`; returns (process, text) with the process still running."""
    p = subprocess.Popen(shlex.split(cmd), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    os.set_blocking(p.stdout.fileno(), False)
    text, end = b"", time.time() + seconds
    while time.time() < end:
        if select.select([p.stdout], [], [], 0.02)[0]:
            chunk = os.read(p.stdout.fileno(), 65536)
            if not chunk:
                break
            text += chunk
    try:
        while chunk := os.read(p.stdout.fileno(), 65536):
            text += chunk
    except BlockingIOError:
        pass
    return p, text


def cut_power(mount):
    fd = os.open(mount, os.O_RDONLY)
    fcntl.ioctl(fd, EXT4_IOC_SHUTDOWN, struct.pack("I", NOLOGFLUSH))
    os.close(fd)


def unmount(image, mount):
    for _ in range(200):
        sh("umount", mount)
        if not os.path.ismount(mount) and not sh("losetup", "-j", image).stdout.strip():
            return
        time.sleep(0.05)


def verify(cmd):
    """Returns the verdict and the verifier's last line."""
    try:
        v = subprocess.run(shlex.split(cmd), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=120)
    except subprocess.TimeoutExpired:
        return "HUNG", ""
    return ("ok" if v.returncode == 0 else "FAILED"), v.stdout.decode(errors="replace").strip().split("\n")[-1]


def main():
    a = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    a.add_argument("--write", required=True)
    a.add_argument("--verify", required=True)
    a.add_argument("--cuts", type=int, default=50)
    a.add_argument("--reset", type=int, default=5, help="cuts after which the image is made anew")
    a.add_argument("--size-mb", type=int, default=700)
    a.add_argument("--seed", type=int, default=7)
    a.add_argument("--max-s", type=float, default=1.0, help="longest time from start to cut")
    o = a.parse_args()
    rnd, results, base = random.Random(o.seed), collections.Counter(), tempfile.mkdtemp(prefix="powercut")
    lines, total = collections.Counter(), 0
    image, mount = base + "/disk.img", base + "/mnt"
    os.mkdir(mount)
    acked = None
    for cut in range(o.cuts):
        if acked is None or cut % o.reset == 0:
            unmount(image, mount)
            fresh(image, mount, o.size_mb)
            acked = -1
        before = acked
        writer, text = run_writer(o.write.format(dir=mount + "/data"), rnd.uniform(0.1, o.max_s))
        cut_power(mount)
        writer.send_signal(signal.SIGKILL)
        writer.wait()
        for line in text.decode(errors="replace").split("\n")[:-1]:
            if line.startswith("acked "):
                acked = max(acked, int(line.split()[1]))
        total += acked - before
        unmount(image, mount)
        if sh("mount", "-o", "loop", image, mount).returncode:
            results["not mountable"] += 1
            acked = None
            continue
        verdict, line = verify(o.verify.format(dir=mount + "/data", acked=acked))
        results[verdict] += 1
        if verdict == "ok":
            lines[line.split(", ", 1)[-1]] += 1
        else:
            print(f"cut {cut}: acked {acked}: {verdict}: {line[:300]}")
            acked = None
    unmount(image, mount)
    os.remove(image)
    print(f"{dict(results)}; {total} items acknowledged; verifier: {dict(lines.most_common(8))}")
    return 0 if set(results) == {"ok"} else 1


if __name__ == "__main__":
    sys.exit(main())
