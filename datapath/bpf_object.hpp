// SPDX-License-Identifier: GPL-2.0-or-later
// An embedded BPF object on its way into the kernel: opened, given its maps and constants, linked with generated code, loaded.
#pragma once

#include "datapath/fd.hpp"
#include "translator/codegen/program.hpp"
#include "translator/error.hpp"

#include <bpf/libbpf.h>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace xtbpf {

class BpfObject {
  public:
    // `bytes` is the ELF file; all its programs are left out until include().
    static Result<BpfObject> open(std::span<const std::uint8_t> bytes, const char* name);

    // Loads program `name`, linked with generated programs, which must outlive load(). Their functions are declared like the
    // object's function `like`.
    Result<void> include(const std::string& name, const char* like, std::vector<const codegen::Program*> generated);

    // Maps PREFIX_0, PREFIX_1, ... become the given ones; those beyond the last, which no slot leads to, an alias of the first.
    // Without pages they are left out.
    Result<void> use_pages(const std::string& prefix, const std::vector<int>& pages);
    Result<void> use_map(const std::string& name, int fd);
    void set_value_size(const std::string& map, std::uint32_t bytes);
    void leave_out_map(const std::string& name); // nothing that the verifier can reach may use it

    // The object's constant of that name (one struct in .rodata).
    template <typename Config> Config& config(const char* name) {
        return *reinterpret_cast<Config*>(constant(name, sizeof(Config)));
    }

    // Refused with errno and the verifier's last lines.
    Result<void> load();

    int program(const std::string& name) const; // its fd, valid as long as this object
    int map(const std::string& name) const;
    Result<void> set_value(const std::string& map, std::span<const std::uint8_t> bytes); // of the first and only entry

  private:
    struct Close {
        void operator()(bpf_object* object) const { bpf_object__close(object); }
    };
    void* constant(const char* name, std::size_t size);

    std::unique_ptr<bpf_object, Close> object_;
    std::map<std::string, std::vector<const codegen::Program*>> generated_; // by program
};

} // namespace xtbpf
