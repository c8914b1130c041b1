/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef VM_KLOG_H
#define VM_KLOG_H

/**
 * klog_open - Start to follow the kernel log.
 *
 * Return: 0 or -1 with errno.
 */
int klog_open(void);

/**
 * klog_stamp - Write into the kernel log which test begins.
 */
void klog_stamp(const char *test);

/**
 * klog_scan - Read what the kernel logged since the last scan and print each
 * complaint of it. A test that means to provoke a line writes
 * "vm-expect: PART OF THE LINE" to /dev/kmsg first.
 *
 * Return: number of complaints.
 */
int klog_scan(const char *test);

/**
 * klog_clear_leaks - Forget what leaked up to now, where kmemleak is there.
 */
void klog_clear_leaks(void);

/**
 * klog_leaks - Look for leaked kernel memory and print it.
 *
 * Return: 1 if there is any.
 */
int klog_leaks(void);

/**
 * klog_lockdep_off - Has lockdep been there and switched itself off?
 *
 * Return: 1 if so: then it has proven nothing since.
 */
int klog_lockdep_off(void);

#endif
