// SPDX-License-Identifier: GPL-2.0-or-later

// What jemalloc looks for (jemalloc(3), TUNING). Huge pages: a long restore touches 30,000 small ones once, each at a fault of some
// two microseconds. Two arenas: threads give back what others allocated.
extern "C" {
extern const char* malloc_conf;
const char* malloc_conf = "thp:always,narenas:2";
}
