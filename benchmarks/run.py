"""All benchmarks, one after the other; each is a command of its own too, with more options.

python -m benchmarks.run [loading model vit page sessions memory start throughput preview]
"""

import argparse
import subprocess
import sys

TOPICS = {
    "loading": ["--models", "compact", "vit_b", "hrnet18"],
    "model": [],
    "vit": [],
    "page": ["--pairs", "7"],
    "sessions": [],
    "memory": [],
    "start": [],
    "throughput": [],
    "preview": ["--clicks", "16", "--seconds", "4"],
}
"""Options of each command, so that all together take about ten minutes on two idle cores."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("topics", nargs="*", metavar="TOPIC", help=", ".join(TOPICS))
    topics = parser.parse_args().topics or list(TOPICS)
    if unknown := set(topics) - set(TOPICS):
        parser.error(f"There is no benchmark {', '.join(sorted(unknown))}; there are {', '.join(TOPICS)}.")
    for topic in topics:
        print(f"\n## python -m {' '.join(['benchmarks.' + topic, *TOPICS[topic]])}\n", flush=True)
        subprocess.run([sys.executable, "-m", f"benchmarks.{topic}", *TOPICS[topic]], check=True)


if __name__ == "__main__":
    main()
