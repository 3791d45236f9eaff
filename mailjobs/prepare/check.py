"""What `validate` finds beyond the schema: templates that do not compile, and names that cannot exist."""

from __future__ import annotations

from functools import partial

from mailjobs.errors import CertificateError, FileError, JobError, Problem, SecretError
from mailjobs.model import Job, Send, Step, Tls
from mailjobs.prepare.caught import caught, problems_of
from mailjobs.prepare.check_batch import check_batch
from mailjobs.prepare.check_certificates import check_certificates
from mailjobs.prepare.check_guards import check_guards
from mailjobs.prepare.check_told import check_told
from mailjobs.prepare.names import RUN_NAMES, Names, unknown_names
from mailjobs.prepare.preparation import Preparation, RunFacts
from mailjobs.prepare.questions import check_literal
from mailjobs.prepare.texts import message_texts, step_texts
from mailjobs.rows import columns
from mailjobs.templates import Templates


def check_job(job: Job) -> list[Problem]:
    """Everything that can be known to be wrong without a server, in the order of the job."""
    wrong = check_guards(job)
    if wrong:
        return wrong  # messages are compiled for whom they are redirected to
    preparation = Preparation(job, RunFacts.new())
    problems = check_certificates(job)
    for name in job.messages:
        problems += caught(partial(preparation.compiled, name))
    problems += _steps(job, preparation.templates)
    for server in job.servers.values():
        problems += _tls(server.tls)
    return list(dict.fromkeys(problems))


def _tls(tls: Tls) -> list[Problem]:
    """Names that OpenSSL does not know, and files that hold no certificate. It is imported where there is any."""
    named = (tls.ciphers, tls.groups, tls.signature_algorithms, tls.accept, tls.revocation.crl_files)
    if tls.mode == "none" or not (any(named) or any(not source.system for source in tls.ca)):
        return []
    from mailjobs.net.trust import check_settings

    try:
        check_settings(tls)
    except (JobError, CertificateError) as error:
        return problems_of(error)
    except (FileError, SecretError):
        return []  # what only a run may have: a name that is not known, or a password; missing files were told before
    return []


def _steps(job: Job, templates: Templates) -> list[Problem]:
    problems: list[Problem] = []
    sent: set[str] = set()
    earlier: list[str] = []
    for step in job.steps:
        names = _names(job, step, earlier, problems)
        for text in step_texts(step):
            compiling = templates.expression if text is step.if_ else templates.text
            problems += caught(partial(compiling, text))
            problems += unknown_names(templates, text, {**names, "row": ()}, text is step.if_)
        problems += caught(partial(check_literal, step))
        problems += caught(partial(check_told, step))
        if isinstance(step.action, Send):
            sent.add(step.action.message)
            problems += _message_texts(job, step.action.message, templates, names)
            problems += check_batch(step.action, templates, names)
        if step.id:
            earlier.append(step.id)
    anything: Names = {"vars": tuple(job.vars), "row": None, "steps": None, "run": RUN_NAMES}
    for name in job.messages:
        problems += [] if name in sent else _message_texts(job, name, templates, anything)
    return problems


def _names(job: Job, step: Step, earlier: list[str], problems: list[Problem]) -> Names:
    row: tuple[str, ...] | None = ()
    if isinstance(step.action, Send) and step.action.for_each:
        source = job.data[step.action.for_each]
        found: list[tuple[str, ...] | None] = []
        problems += caught(lambda: found.append(columns(source)))
        row = found[0] if found else None
    return {"vars": tuple(job.vars), "row": row, "steps": tuple(earlier), "run": RUN_NAMES}


def _message_texts(job: Job, name: str, templates: Templates, names: Names) -> list[Problem]:
    problems: list[Problem] = []
    for text in message_texts(job.messages[name]):
        problems += unknown_names(templates, text, names)
    return problems
