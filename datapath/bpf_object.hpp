// SPDX-License-Identifier: GPL-2.0-or-later
// An embedded BPF object on its way into the kernel: opened, given its maps and constants, linked with generated code, loaded.
#pragma once

#include "datapath/fd.hpp"
#include "datapath/fitted_object.hpp"
#include "translator/codegen/program.hpp"
#include "translator/error.hpp"

#include <bpf/btf.h>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace xtbpf {

class BpfObject {
  public:
    // `bytes` is the ELF file, which lives as long as the process; all its programs are left out until include().
    static Result<BpfObject> open(std::span<const std::uint8_t> bytes, const char* name);

    // Loads program `name`, linked with generated programs, which must outlive load(). Their functions are declared like the
    // object's function `like`.
    Result<void> include(const std::string& name, const char* like, std::vector<const codegen::Program*> generated);

    // Maps PREFIX_0, PREFIX_1, ... become the given ones; those beyond the last, which no slot leads to, an alias of the first.
    // Without pages they are left out.
    Result<void> use_pages(const std::string& prefix, const std::vector<int>& pages);
    void use_map(std::string_view name, int fd); // valid until load()
    void set_value_size(std::string_view map, std::uint32_t bytes);
    void leave_out_map(std::string_view name); // nothing that the verifier can reach may use it

    const KernelTypes& kernel() const { return fitted_->kernel; }

    // The object's constant of that name (one struct in .rodata).
    template <typename Config> Config& config(const char* name) {
        return *reinterpret_cast<Config*>(constant(name, sizeof(Config)));
    }

    // Before load(), for who needs them earlier.
    Result<void> make_maps();
    // Refused with errno and the verifier's last lines.
    Result<void> load();

    int program(std::string_view name) const; // its fd, valid as long as this object
    int map(std::string_view name) const;

  private:
    struct Map {
        FittedMap made;    // as it is to be made
        Fd fd;             // once it is
        int given = -1;    // or the one to use instead
        bool left = false; // left out
    };
    struct FreeBtf {
        void operator()(btf* types) const { btf__free(types); }
    };

    std::size_t number_of(std::string_view map) const;
    void* constant(const char* name, std::size_t size);
    Result<void> make_map(Map& map);
    Result<Fd> load_program(const FittedProgram& program, int types, const std::vector<Fd>& modules);

    const FittedObject* fitted_ = nullptr;
    std::unique_ptr<btf, FreeBtf> types_;
    std::vector<Map> maps_;                                                             // as fitted_->maps
    std::map<std::string, std::vector<const codegen::Program*>, std::less<>> included_; // by program
    std::map<std::string, Fd, std::less<>> programs_;
};

} // namespace xtbpf
