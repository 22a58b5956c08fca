// SPDX-License-Identifier: GPL-2.0-or-later
// One subcommand's command line: its options, its words, --help.
#pragma once

#include "frontend/xtbpf/subcommand.hpp"

#include <boost/program_options/options_description.hpp>
#include <boost/program_options/variables_map.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace xtbpf::tool {

class CommandLine {
  public:
    // `synopsis`: what follows "xtbpf" in the usage line; `about`: a paragraph, with its line breaks.
    CommandLine(std::string_view synopsis, std::string_view about);

    boost::program_options::options_description_easy_init options() { return options_.add_options(); }

    // The exit code if there is nothing more to do: --help was asked for, or something is wrong. A word that is no
    // option is an error unless `words`.
    std::optional<int> parse(const Arguments& arguments, bool words = false);

    // Says what is wrong with the command line; the exit code.
    int misused(std::string_view message) const;

    bool has(const char* option) const { return chosen_.contains(option); }
    template <typename Value> std::optional<Value> get(const char* option) const {
        if (!has(option)) return std::nullopt;
        return chosen_[option].as<Value>();
    }
    std::string text(const char* option) const { return get<std::string>(option).value_or(""); }
    const std::vector<std::string>& words() const { return words_; }

  private:
    std::string usage() const;

    std::string synopsis_, about_;
    boost::program_options::options_description options_{"options"};
    boost::program_options::variables_map chosen_;
    std::vector<std::string> words_;
};

} // namespace xtbpf::tool
