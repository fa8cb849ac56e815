"""All benchmarks, one after the other; each is a command of its own too.

python benchmarks/run.py [loading model vit page start]
"""

import argparse
import subprocess
import sys
from pathlib import Path

TOPICS = ("loading", "model", "vit", "page", "start")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("topics", nargs="*", metavar="TOPIC", help=", ".join(TOPICS))
    topics = parser.parse_args().topics or TOPICS
    if unknown := set(topics) - set(TOPICS):
        parser.error(f"There is no benchmark {', '.join(sorted(unknown))}; there are {', '.join(TOPICS)}.")
    for topic in topics:
        print(f"\n## {topic}\n", flush=True)
        subprocess.run([sys.executable, Path(__file__).parent / f"{topic}.py"], check=True)


if __name__ == "__main__":
    main()
