"""Downloads of a page: files that are ready at once, and exports that are made in the background."""

from __future__ import annotations

from concurrent.futures import Executor
from pathlib import Path
from typing import Any

from cfr_icl.annotate.folder.folder import Folder
from cfr_icl.annotate.session.session import Session
from cfr_icl.ui.exporting import MadeFile, all_sessions, export_of, single_file
from cfr_icl.ui.files import PageFiles
from cfr_icl.ui.jobs import Job
from cfr_icl.ui.outbox import Outbox
from cfr_icl.ui.protocol import page_actions as do


class Downloads:
    """Puts downloads, and the progress of the one in the background, into the outbox of a page."""

    def __init__(self, files: PageFiles, outbox: Outbox, jobs: Executor) -> None:
        self._files, self._outbox, self._jobs = files, outbox, jobs
        self._job: Job[MadeFile] | None = None
        self._job_action = 0
        """Number of the action that started the job."""

    def serve_file(
        self, session: Session, folder: Folder | None, source: Path | None, action: do.Download
    ) -> None:
        """Serve a file of `exporting.single_file`, or all session files of a folder; raises ActionError."""
        if action.what == "sessions" and folder:
            self._serve(all_sessions(folder), action.number)
        else:
            self._serve(single_file(session, action.what, source), action.number)

    def export(self, session: Session, folder: Folder | None, action: do.Export) -> None:
        """Make an export, in the background for a whole folder; raises ActionError."""
        make = export_of(session, folder, action)
        if action.whole_folder and folder:
            self.cancel()
            self._job, self._job_action = Job("export", self._jobs, make), action.number
        else:
            self._serve(make(lambda done, total: None), action.number)

    def cancel(self) -> None:
        """Cancel the export in the background, if there is one."""
        if self._job:
            self._job.cancel()
            self._job = None

    def report(self) -> dict[str, Any]:
        """Serve the export that was made in the background; return its progress, as `Reply.job`, before that.

        Without such an export the result is empty.
        """
        job = self._job
        if job and not job.done:
            return {"job": {"kind": job.kind, "done": job.steps, "total": job.total}}
        if job:
            self._job = None
            with self._outbox.telling("A job failed: %s", job.kind):
                self._serve(job.result(), self._job_action)
        return {}

    def _serve(self, file: MadeFile, number: int) -> None:
        """Serve a file for the action with this number."""
        for message in file.messages:
            self._outbox.tell(message)
        made = self._files.download(file.content, file.stem, file.ending)
        self._outbox.extend("downloads", [{**made, "action": number}])
