"""Installs third-party packages below .work/interop, each set of pins once."""

from __future__ import annotations

import hashlib
import pathlib
import shutil
import subprocess
import sys

import harness


def folder(name: str) -> pathlib.Path:
    """Where the packages of this name are installed."""
    return harness.WORK / "interop" / name.lower().replace(" ", "-")


def install(name: str, npm: list[str], pip: list[str]) -> None:
    """The marker names the exact packages, so a changed pin installs anew."""
    place = folder(name)
    marker = place / ".installed"
    wanted = hashlib.sha256(repr((npm, pip, sys.version)).encode()).hexdigest()
    if marker.exists() and marker.read_text() == wanted:
        return
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    if npm:
        (place / "package.json").write_text('{"private":true}\n')
        flags = ["--no-package-lock", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"]
        quietly(["npm", "install", "--prefix", str(place), *flags, *npm])
    else:
        quietly([sys.executable, "-m", "venv", str(place)])
        flags = ["--quiet", "--disable-pip-version-check", "--no-input"]
        quietly([str(place / "bin/python"), "-m", "pip", "install", *flags, *pip])
    marker.write_text(wanted)


def quietly(command: list[str]) -> None:
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode:
        raise harness.Broken(f"`{' '.join(command[:4])} …` ended with {done.returncode}:\n{done.stdout[-2000:]}")
