"""Downloads of a page: files that are ready at once, and exports that are made in the background."""

from __future__ import annotations

from concurrent.futures import Executor
from pathlib import Path

from cfr_icl.annotate.folder.folder import Folder
from cfr_icl.annotate.session.session import Session
from cfr_icl.ui.exporting import MadeFile, all_sessions, export_of, single_file
from cfr_icl.ui.files import PageFiles
from cfr_icl.ui.jobs import Job
from cfr_icl.ui.outbox import Outbox
from cfr_icl.ui.protocol.page_actions import Export


class Downloads:
    """Puts downloads, and the progress of the one in the background, into the outbox of a page."""

    def __init__(self, files: PageFiles, outbox: Outbox, jobs: Executor) -> None:
        self._files, self._outbox, self._jobs = files, outbox, jobs
        self._job: Job[MadeFile] | None = None

    def serve_file(
        self, session: Session, kind: str, folder: Folder | None = None, source: Path | None = None
    ) -> None:
        """Serve a file of `exporting.single_file`, or all session files of a folder; raises ActionError."""
        if kind == "sessions" and folder:
            self._serve(all_sessions(folder))
        else:
            self._serve(single_file(session, kind, source))

    def export(self, session: Session, folder: Folder | None, action: Export) -> None:
        """Make an export, in the background for a whole folder; raises ActionError."""
        make = export_of(session, folder, action)
        if action.whole_folder and folder:
            self.cancel()
            self._job = Job("export", self._jobs, make)
        else:
            self._serve(make(lambda done, total: None))

    def cancel(self) -> None:
        """Cancel the export in the background, if there is one."""
        if self._job:
            self._job.cancel()
            self._job = None

    def report(self) -> None:
        """Serve the export that was made in the background, or report its progress."""
        job = self._job
        if job is None:
            return
        if not job.done:
            self._outbox.add(job={"kind": job.kind, "done": job.steps, "total": job.total})
            return
        self._job = None
        with self._outbox.telling("A job failed: %s", job.kind):
            self._serve(job.result())

    def _serve(self, file: MadeFile) -> None:
        for message in file.messages:
            self._outbox.tell(message)
        self._outbox.add(download=self._files.download(file.content, file.stem, file.ending))
