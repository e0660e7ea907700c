"""The seam between the two processes: what may be asked of a worker and what it may answer.

Owns the frozen message types, which are told apart by their tag, and nothing else;
`models.jobs.wire` puts them on the pipes. Both halves import this module and it imports neither, so
it knows neither torch nor Discord.

    bot → worker    Submit (a job and its picture), Run (submitted jobs, as a batch), CancelJob,
                    Recount
    worker → bot    Ready or StartFailed (first), Started (a batch), Working (on some jobs, at most
                    a second ago), Finished (one job),
                    Deferred (one job, whose file takes long; it is finished after its batch),
                    Lost (a batch; a relay's alone, whose replicas may end before it does)

The worker ends when its standard input ends.
"""
