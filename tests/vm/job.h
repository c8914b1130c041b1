/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef VM_JOB_H
#define VM_JOB_H

#include <stdio.h>

#define JOB_TIMEOUT 124

/**
 * struct job - One command to run in the guest.
 * @name: A word for the log.
 * @seconds: After so long it is killed.
 * @command: For the shell.
 * @took: Out: seconds it took.
 */
struct job {
	char name[64];
	int seconds;
	char command[1024];
	double took;
};

/**
 * job_next - Read the next line of a job file.
 *
 * Return: 1, or 0 at the end.
 */
int job_next(FILE *f, struct job *job);

/**
 * job_run - Run a job to its end and kill whatever it left running.
 *
 * Return: its exit status, 128 + signal, or %JOB_TIMEOUT.
 */
int job_run(struct job *job);

#endif
