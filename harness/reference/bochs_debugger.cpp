// SPDX-License-Identifier: LGPL-2.1-or-later
#include "harness/reference/bochs_debugger.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <ctime>

#include "harness/reference/bochs_config.h"
#include "harness/reference/host_program.h"

namespace ice86::harness {

namespace {

constexpr int kPollMilliseconds = 100;
// Longer than any stretch between two BIOS calls of a boot.
constexpr unsigned kSilenceMilliseconds = 20'000;
constexpr long kNapNanoseconds = 100'000;
// No answer is longer: memory is dumped to files.
constexpr std::size_t kLongestAnswer = 1 << 20;
constexpr std::size_t kMostComplaints = 1 << 20;
constexpr const char* kScreenMark = "Bochs connected to screen \"";
constexpr const char* kExitMark = "Bochs is exiting with the following message:\n";

struct Pair {
  int mine = -1;
  int theirs = -1;
  ~Pair() {
    if (mine >= 0) ::close(mine);
    if (theirs >= 0) ::close(theirs);
  }
  int take_mine() { return std::exchange(mine, -1); }
};

// A socket, not a pipe: writing to one whose other end is gone can be told not to raise SIGPIPE.
bool open_pair(Pair& pair) {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) return false;
  pair.mine = ends[0];
  pair.theirs = ends[1];
  return true;
}

// In the child: nothing but async-signal-safe calls.
[[noreturn]] void become_bochs(const char* program, const char* folder, const char* const* argv,
                               const char* const* environment, pid_t parent, int in, int out,
                               int err) {
  // A process group of its own, so that Ctrl-C reaches ice86 alone; and no Bochs outlives its
  // ice86.
  ::setpgid(0, 0);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(127);
  ::signal(SIGINT, SIG_DFL);
  if (::chdir(folder) != 0 || ::dup2(in, 0) < 0 || ::dup2(out, 1) < 0 || ::dup2(err, 2) < 0)
    ::_exit(127);
  ::execve(program, const_cast<char* const*>(argv), const_cast<char* const*>(environment));
  ::_exit(127);
}

}  // namespace

Result<std::unique_ptr<BochsDebugger>> BochsDebugger::start(const std::filesystem::path& folder,
                                                            std::function<bool()> interrupted) {
  const auto program = find_program("bochs");
  if (!program) return Error("bochs is missing: install the Debian package bochs");
  Pair in, out, err;
  if (!open_pair(in) || !open_pair(out) || !open_pair(err))
    return Error(fmt::format("bochs: no sockets: {}", std::strerror(errno)));
  const std::string home = "HOME=" + folder.string();
  const char* path = std::getenv("PATH");
  const std::string search = std::string("PATH=") + (path != nullptr ? path : "/usr/bin:/bin");
  // Nothing of the user's own set-up reaches Bochs: every run is the same. The term library wants
  // a terminal type that ncurses knows, and the guest's clock begins at UTC.
  const char* const environment[] = {home.c_str(), search.c_str(),      "TERM=vt100", "LANG=C",
                                     "TZ=UTC0",    "INPUTRC=/dev/null", nullptr};
  const char* const argv[] = {program->c_str(), "-q", "-f", kBochsConfigFile, nullptr};
  const pid_t parent = ::getpid();
  const pid_t child = ::fork();
  if (child < 0) return Error(fmt::format("bochs: cannot be started: {}", std::strerror(errno)));
  if (child == 0) {
    become_bochs(program->c_str(), folder.c_str(), argv, environment, parent, in.theirs, out.theirs,
                 err.theirs);
  }
  std::unique_ptr<BochsDebugger> debugger(new BochsDebugger(
      child, in.take_mine(), out.take_mine(), err.take_mine(), std::move(interrupted)));
  // The other ends belong to Bochs alone, so that its end is seen here.
  for (Pair* pair : {&in, &out, &err}) {
    ::close(pair->theirs);
    pair->theirs = -1;
  }
  if (debugger->next_answer() || debugger->was_interrupted()) return debugger;
  const std::string words = debugger->last_words();
  if (words.find("'term' not available") != std::string::npos)
    return Error("bochs has no text display: install the Debian package bochs-term");
  return Error(fmt::format("bochs did not start: {}", words.empty() ? "it gave no reason" : words));
}

BochsDebugger::BochsDebugger(pid_t child, int commands, int answers, int errors,
                             std::function<bool()> asked_to_stop)
    : child_(child),
      commands_(commands),
      answers_(answers),
      errors_(errors),
      asked_to_stop_(std::move(asked_to_stop)) {}

BochsDebugger::~BochsDebugger() {
  stop();
  for (const int descriptor : {commands_, answers_, errors_, screen_}) {
    if (descriptor >= 0) ::close(descriptor);
  }
}

void BochsDebugger::stop() {
  alive_ = false;
  if (child_ < 0) return;
  ::kill(child_, SIGKILL);
  while (::waitpid(child_, nullptr, 0) < 0 && errno == EINTR) {
  }
  child_ = -1;
}

std::vector<std::string> BochsDebugger::ask(const std::vector<std::string>& commands) {
  std::vector<std::string> answers;
  if (!alive_) return answers;
  std::string text;
  for (const std::string& command : commands) text += command + "\n";
  for (std::size_t sent = 0; sent < text.size();) {
    const ssize_t now = ::send(commands_, text.data() + sent, text.size() - sent, MSG_NOSIGNAL);
    if (now < 0 && errno == EINTR) continue;
    if (now < 0) break;  // Bochs is gone; what it still said is read below
    sent += static_cast<std::size_t>(now);
  }
  while (answers.size() < commands.size()) {
    auto answer = next_answer();
    if (!answer) break;
    answers.push_back(std::move(*answer));
  }
  return answers;
}

std::optional<std::string> BochsDebugger::go(const std::string& command) {
  running_ = true;
  silent_ms_ = 0;
  auto answers = ask({command});
  running_ = false;
  if (answers.empty()) return std::nullopt;
  return std::move(answers[0]);
}

// Prompts are numbered: "<bochs:1> " is printed when it is ready for the first command.
std::optional<std::string> BochsDebugger::next_answer() {
  const std::string prompt = fmt::format("<bochs:{}> ", prompts_ + 1);
  for (;;) {
    const std::size_t at = pending_.find(prompt, searched_);
    if (at != std::string::npos) {
      std::string answer = pending_.substr(0, at);
      pending_.erase(0, at + prompt.size());
      searched_ = 0;
      ++prompts_;
      return answer;
    }
    searched_ = pending_.size() > prompt.size() ? pending_.size() - prompt.size() : 0;
    if (!pump()) return std::nullopt;
  }
}

bool BochsDebugger::pump() {
  if (!alive_) return false;
  std::array<pollfd, 3> sources = {pollfd{answers_, POLLIN, 0}, pollfd{errors_, POLLIN, 0},
                                   pollfd{screen_, POLLIN, 0}};
  const int ready = ::poll(sources.data(), sources.size(), kPollMilliseconds);
  if (asked_to_stop_ && asked_to_stop_()) {
    interrupted_ = true;
    stop();
    return false;
  }
  if (ready < 0 && errno != EINTR) {
    stop();
    return false;
  }
  if (ready == 0) silent_ms_ += kPollMilliseconds;
  if (running_ && silent_ms_ >= kSilenceMilliseconds) {
    silent_ms_ = 0;
    ::kill(child_, SIGINT);
  }
  if (ready <= 0) return true;
  std::array<char, 65536> chunk;
  if (sources[2].revents != 0) {
    // The picture of the guest's screen, drawn for a terminal: only the reading counts, because
    // Bochs waits when nobody does.
    if (::read(screen_, chunk.data(), chunk.size()) <= 0) {
      ::close(screen_);
      screen_ = -1;
    }
  }
  if (sources[1].revents != 0) {
    const ssize_t got = ::read(errors_, chunk.data(), chunk.size());
    if (got > 0 && complaints_.size() < kMostComplaints) {
      complaints_.append(chunk.data(), static_cast<std::size_t>(got));
      look_for_screen();
    } else if (got == 0) {
      ::close(errors_);
      errors_ = -1;
    }
  }
  if (sources[0].revents != 0) {
    // Bochs writes an answer in some eighty pieces; being woken for each costs more than the rest.
    const timespec rest{0, kNapNanoseconds};
    ::nanosleep(&rest, nullptr);
    const ssize_t got = ::read(answers_, chunk.data(), chunk.size());
    silent_ms_ = 0;
    if (got > 0) pending_.append(chunk.data(), static_cast<std::size_t>(got));
    if (got == 0 || pending_.size() > kLongestAnswer) {
      // It has ended, so its last words are already here.
      while (errors_ >= 0) {
        const ssize_t last = ::recv(errors_, chunk.data(), chunk.size(), MSG_DONTWAIT);
        if (last <= 0) break;
        if (complaints_.size() < kMostComplaints)
          complaints_.append(chunk.data(), static_cast<std::size_t>(last));
      }
      stop();
      return false;
    }
  }
  return true;
}

// The term library of a Bochs with the debugger draws on a pseudo terminal of its own and names it
// once.
void BochsDebugger::look_for_screen() {
  if (screen_ >= 0) return;
  const std::size_t mark = complaints_.find(kScreenMark);
  if (mark == std::string::npos) return;
  const std::size_t from = mark + std::strlen(kScreenMark);
  const std::size_t to = complaints_.find('"', from);
  if (to == std::string::npos) return;
  const std::string name = complaints_.substr(from, to - from);
  screen_ = ::open(name.c_str(), O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
}

std::string BochsDebugger::last_words() const {
  const std::size_t mark = complaints_.rfind(kExitMark);
  if (mark == std::string::npos) return "";
  const std::size_t from = mark + std::strlen(kExitMark);
  return complaints_.substr(from, complaints_.find('\n', from) - from);
}

}  // namespace ice86::harness
