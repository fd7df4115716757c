// SPDX-License-Identifier: LGPL-2.1-or-later
// 16550A: transmitter, receiver, interrupts, modem lines.
// Reference: National Semiconductor PC16550D datasheet (June 1995), sections 8.1-8.7.
#include "devices/ns16550/ns16550.h"

#include <fmt/core.h>

#include <algorithm>
#include <utility>

namespace ice86::devices {

namespace {

constexpr unsigned kRbrThr = 0, kIer = 1, kIirFcr = 2, kLcr = 3, kMcr = 4, kLsr = 5, kMsr = 6,
                   kScr = 7;

constexpr std::uint8_t kErbfi = 0x01, kEtbei = 0x02, kElsi = 0x04, kEdssi = 0x08;
constexpr std::uint8_t kFifoEnable = 0x01, kClearReceive = 0x02, kClearTransmit = 0x04;
constexpr std::uint8_t kStb = 0x04, kPen = 0x08, kBreak = 0x40, kDlab = 0x80;
constexpr std::uint8_t kDtr = 0x01, kRts = 0x02, kOut1 = 0x04, kOut2 = 0x08, kLoop = 0x10;
constexpr std::uint8_t kDr = 0x01, kOe = 0x02, kFe = 0x08, kBi = 0x10, kThre = 0x20, kTemt = 0x40,
                       kFifoError = 0x80;
constexpr std::uint8_t kCts = 0x10, kDsr = 0x20, kRi = 0x40, kDcd = 0x80;
constexpr std::uint8_t kTeri = 0x04;

constexpr std::uint8_t kIirNone = 0x01, kIirModem = 0x00, kIirThre = 0x02, kIirData = 0x04;
constexpr std::uint8_t kIirLine = 0x06, kIirTimeout = 0x0C, kIirFifos = 0xC0;

constexpr std::uint64_t kCrystalHertz = 1'843'200;

template <typename Fifo>
void push(Fifo& fifo, std::uint8_t byte, std::uint8_t errors) {
  fifo.bytes[fifo.size] = byte;
  fifo.errors[fifo.size] = errors;
  ++fifo.size;
}

template <typename Fifo>
std::uint8_t pop(Fifo& fifo) {
  const std::uint8_t byte = fifo.bytes[0];
  std::copy(fifo.bytes.begin() + 1, fifo.bytes.end(), fifo.bytes.begin());
  std::copy(fifo.errors.begin() + 1, fifo.errors.end(), fifo.errors.begin());
  fifo.bytes.back() = 0;
  fifo.errors.back() = 0;
  --fifo.size;
  return byte;
}

}  // namespace

Ns16550::Ns16550(Clock& clock, LevelLine& irq, Config config)
    : config_(std::move(config)),
      irq_(irq),
      transmit_timer_(clock, config_.name + ".transmit", [this](Nanoseconds) { transmit_done(); }),
      receive_timer_(clock, config_.name + ".receive", [this](Nanoseconds) { receive_done(); }),
      timeout_timer_(clock, config_.name + ".timeout", [this](Nanoseconds) {
        state_.timeout_interrupt = state_.receive_fifo.size != 0;
        update();
      }) {}

// Master reset (table "Reset configuration") leaves the divisor latch, the scratch register and the
// data registers alone.
void Ns16550::reset(ResetKind kind) {
  if (kind == ResetKind::kInit) return;
  State fresh;
  fresh.inputs = state_.inputs;
  if (kind == ResetKind::kHard) {
    fresh.scr = state_.scr;
    fresh.divisor = state_.divisor;
  }
  state_ = std::move(fresh);
  transmit_timer_.cancel();
  receive_timer_.cancel();
  timeout_timer_.cancel();
  update();
}

unsigned Ns16550::trigger_level() const {
  constexpr unsigned kLevels[] = {1, 4, 8, 14};
  return fifo_enabled() ? kLevels[state_.fcr >> 6] : 1;
}

std::uint8_t Ns16550::data_mask() const {
  return static_cast<std::uint8_t>((1U << (5 + (state_.lcr & 3U))) - 1);
}

Nanoseconds Ns16550::character_time() const {
  const unsigned data = 5 + (state_.lcr & 3U);
  // In half bits: with five data bits the longer stop is one and a half.
  const unsigned stop = (state_.lcr & kStb) == 0 ? 2 : data == 5 ? 3 : 4;
  const std::uint64_t half_bits = 2 + data * 2 + ((state_.lcr & kPen) != 0 ? 2 : 0) + stop;
  // A divisor of zero is not valid; one, the fastest, keeps characters moving.
  const std::uint64_t divisor = std::max<std::uint64_t>(state_.divisor, 1);
  return half_bits * 8 * divisor * 1'000'000'000 / kCrystalHertz;
}

std::uint8_t Ns16550::lsr() const {
  const Fifo& received = state_.receive_fifo;
  std::uint8_t value = state_.errors;
  if (received.size != 0) value |= kDr;
  if (state_.transmit_fifo.size == 0) value |= kThre;
  if (state_.transmit_fifo.size == 0 && !state_.shifting) value |= kTemt;
  if (fifo_enabled() &&
      std::any_of(received.errors.begin(), received.errors.begin() + received.size,
                  [](std::uint8_t errors) { return errors != 0; })) {
    value |= kFifoError;
  }
  return value;
}

std::uint8_t Ns16550::iir() const {
  const std::uint8_t fifos = fifo_enabled() ? kIirFifos : 0;
  const auto with = [fifos](std::uint8_t identification) {
    return static_cast<std::uint8_t>(fifos | identification);
  };
  if ((state_.ier & kElsi) != 0 && state_.errors != 0) return with(kIirLine);
  if ((state_.ier & kErbfi) != 0 && state_.receive_fifo.size >= trigger_level()) {
    return with(kIirData);
  }
  if ((state_.ier & kErbfi) != 0 && state_.timeout_interrupt) return with(kIirTimeout);
  if ((state_.ier & kEtbei) != 0 && state_.thre_interrupt) return with(kIirThre);
  if ((state_.ier & kEdssi) != 0 && state_.msr_deltas != 0) return with(kIirModem);
  return with(kIirNone);
}

// Boards gate INTRPT with OUT2#, and loopback takes that pin inactive.
bool Ns16550::interrupt_pin() const {
  return (iir() & kIirNone) == 0 && (state_.mcr & kOut2) != 0 && (state_.mcr & kLoop) == 0;
}

void Ns16550::update() {
  irq_.set(interrupt_pin());
}

std::uint8_t Ns16550::modem_lines() const {
  if ((state_.mcr & kLoop) != 0) {
    return static_cast<std::uint8_t>(
        ((state_.mcr & kRts) != 0 ? kCts : 0) | ((state_.mcr & kDtr) != 0 ? kDsr : 0) |
        ((state_.mcr & kOut1) != 0 ? kRi : 0) | ((state_.mcr & kOut2) != 0 ? kDcd : 0));
  }
  return static_cast<std::uint8_t>((state_.inputs.cts ? kCts : 0) | (state_.inputs.dsr ? kDsr : 0) |
                                   (state_.inputs.ri ? kRi : 0) | (state_.inputs.dcd ? kDcd : 0));
}

void Ns16550::modem_changed(std::uint8_t before) {
  const std::uint8_t now = modem_lines();
  auto deltas = static_cast<std::uint8_t>((before ^ now) >> 4);
  // Of the ring indicator only its trailing edge counts.
  if ((now & kRi) != 0) deltas &= static_cast<std::uint8_t>(~kTeri);
  state_.msr_deltas |= deltas;
  update();
}

void Ns16550::set_modem_inputs(const ModemInputs& inputs) {
  const std::uint8_t before = modem_lines();
  state_.inputs = inputs;
  modem_changed(before);
}

// Characters wait in the FIFO: after four character times without a new one or a read they are
// reported.
void Ns16550::restart_timeout() {
  state_.timeout_interrupt = false;
  if (fifo_enabled() && state_.receive_fifo.size != 0) {
    timeout_timer_.arm_in(4 * character_time());
  } else {
    timeout_timer_.cancel();
  }
}

void Ns16550::arrived(std::uint8_t byte, std::uint8_t errors) {
  Fifo& fifo = state_.receive_fifo;
  if (receiver_full()) {
    state_.errors |= kOe;
    // The FIFO keeps what it has; the single buffer is overwritten.
    if (!fifo_enabled()) {
      fifo.bytes[0] = byte;
      state_.errors |= errors;
    }
  } else {
    // Errors show when their character is at the top.
    if (fifo.size == 0) state_.errors |= errors;
    push(fifo, byte & data_mask(), errors);
  }
  restart_timeout();
  update();
}

std::uint8_t Ns16550::take_received() {
  Fifo& fifo = state_.receive_fifo;
  if (fifo.size == 0) return fifo.bytes[0];
  const std::uint8_t byte = pop(fifo);
  if (fifo.size != 0) {
    state_.errors |= fifo.errors[0];
  } else if (!fifo_enabled()) {
    fifo.bytes[0] = byte;  // the buffer register still shows it
  }
  restart_timeout();
  schedule_receive();
  update();
  return byte;
}

std::size_t Ns16550::receive(std::span<const std::uint8_t> bytes) {
  const std::size_t taken = std::min(receive_room(), bytes.size());
  state_.line.insert(state_.line.end(), bytes.begin(),
                     bytes.begin() + static_cast<std::ptrdiff_t>(taken));
  schedule_receive();
  return taken;
}

// A break has no stop bit: it is a framing error too.
void Ns16550::receive_break() {
  if ((state_.mcr & kLoop) == 0) arrived(0, kBi | kFe);
}

// In loopback nothing is received: the bytes go by.
bool Ns16550::peer_stops() const {
  return config_.peer_waits && receiver_full() && (state_.mcr & kLoop) == 0;
}

void Ns16550::schedule_receive() {
  if (state_.line.empty() || receive_timer_.armed() || peer_stops()) return;
  receive_timer_.arm_in(character_time());
}

void Ns16550::receive_done() {
  if (state_.line.empty() || peer_stops()) return;
  const std::uint8_t byte = state_.line.front();
  state_.line.erase(state_.line.begin());
  // In loopback the serial input is disconnected.
  if ((state_.mcr & kLoop) == 0) arrived(byte, 0);
  schedule_receive();
}

void Ns16550::write_transmit(std::uint8_t value) {
  Fifo& fifo = state_.transmit_fifo;
  state_.thre_interrupt = false;
  const unsigned room = fifo_enabled() ? kFifo : 1;
  if (fifo.size < room) {
    push(fifo, value, 0);
  } else if (!fifo_enabled()) {
    fifo.bytes[0] = value;
  }
  if (!state_.shifting) shift_next();
  update();
}

void Ns16550::shift_next() {
  if (state_.transmit_fifo.size == 0) return;
  state_.shift = pop(state_.transmit_fifo) & data_mask();
  state_.shifting = true;
  if (state_.transmit_fifo.size == 0) state_.thre_interrupt = true;
  transmit_timer_.arm_in(character_time());
}

void Ns16550::transmit_done() {
  if (!state_.shifting) return;
  state_.shifting = false;
  const std::uint8_t byte = state_.shift;
  const bool loop = (state_.mcr & kLoop) != 0;
  shift_next();
  if (loop) {
    arrived(byte, 0);
  } else if (config_.transmitted && (state_.lcr & kBreak) == 0) {
    config_.transmitted(byte);
  }
  update();
}

std::vector<std::uint8_t> Ns16550::unsent() const {
  std::vector<std::uint8_t> bytes;
  if ((state_.mcr & kLoop) != 0 || (state_.lcr & kBreak) != 0) return bytes;
  if (state_.shifting) bytes.push_back(state_.shift);
  const Fifo& fifo = state_.transmit_fifo;
  for (unsigned i = 0; i < fifo.size; ++i) {
    bytes.push_back(static_cast<std::uint8_t>(fifo.bytes[i] & data_mask()));
  }
  return bytes;
}

void Ns16550::write_ier(std::uint8_t value) {
  const std::uint8_t before = std::exchange(state_.ier, static_cast<std::uint8_t>(value & 0x0F));
  // Enabling the transmitter interrupt while the holding register is empty requests one.
  if ((before & kEtbei) == 0 && (value & kEtbei) != 0 && state_.transmit_fifo.size == 0) {
    state_.thre_interrupt = true;
  }
  update();
}

void Ns16550::write_fcr(std::uint8_t value) {
  const bool toggles = ((state_.fcr ^ value) & kFifoEnable) != 0;
  if (toggles || (value & kClearReceive) != 0) {
    state_.receive_fifo = {};
    state_.timeout_interrupt = false;
    timeout_timer_.cancel();
  }
  if ((toggles || (value & kClearTransmit) != 0) && state_.transmit_fifo.size != 0) {
    state_.transmit_fifo = {};
    state_.thre_interrupt = true;
  }
  // The other bits are written only together with the enable.
  state_.fcr = (value & kFifoEnable) != 0 ? value & 0xC9 : 0;
  schedule_receive();
  update();
}

void Ns16550::write_lcr(std::uint8_t value) {
  const std::uint8_t before = std::exchange(state_.lcr, value);
  const bool break_begins = (before & kBreak) == 0 && (value & kBreak) != 0;
  if (break_begins && (state_.mcr & kLoop) != 0) arrived(0, kBi | kFe);
}

void Ns16550::write_mcr(std::uint8_t value) {
  const std::uint8_t before = modem_lines();
  state_.mcr = value & 0x1F;
  schedule_receive();
  modem_changed(before);
}

std::uint64_t Ns16550::peek(std::uint64_t offset, unsigned width) const {
  const bool divisor = (state_.lcr & kDlab) != 0;
  switch (offset) {
    case kRbrThr: return divisor ? state_.divisor & 0xFF : state_.receive_fifo.bytes[0];
    case kIer: return divisor ? state_.divisor >> 8 : state_.ier;
    case kIirFcr: return iir();
    case kLcr: return state_.lcr;
    case kMcr: return state_.mcr;
    case kLsr: return lsr();
    case kMsr: return modem_lines() | state_.msr_deltas;
    case kScr: return state_.scr;
    default: return floating_bus(width);
  }
}

std::uint64_t Ns16550::read(std::uint64_t offset, unsigned width) {
  const std::uint64_t value = peek(offset, width);
  switch (offset) {
    case kRbrThr:
      if ((state_.lcr & kDlab) == 0) take_received();
      break;
    case kIirFcr:
      if ((value & 0x0F) == kIirThre) state_.thre_interrupt = false;
      break;
    case kLsr:
      state_.errors = 0;
      if (state_.receive_fifo.size != 0) state_.receive_fifo.errors[0] = 0;
      break;
    case kMsr: state_.msr_deltas = 0; break;
    default: break;
  }
  update();
  return value;
}

void Ns16550::write(std::uint64_t offset, unsigned, std::uint64_t data) {
  const auto value = static_cast<std::uint8_t>(data);
  const bool divisor = (state_.lcr & kDlab) != 0;
  switch (offset) {
    case kRbrThr:
      if (divisor) {
        state_.divisor = static_cast<std::uint16_t>((state_.divisor & 0xFF00) | value);
      } else {
        write_transmit(value);
      }
      break;
    case kIer:
      if (divisor) {
        state_.divisor = static_cast<std::uint16_t>((state_.divisor & 0x00FF) | value << 8);
      } else {
        write_ier(value);
      }
      break;
    case kIirFcr: write_fcr(value); break;
    case kLcr: write_lcr(value); break;
    case kMcr: write_mcr(value); break;
    case kScr: state_.scr = value; break;
    default: break;  // LSR is for factory tests, MSR is read-only
  }
}

void Ns16550::serialize(Archive& archive) {
  archive.section(config_.name, 1, [&] {
    archive.io(state_.ier);
    archive.io(state_.fcr);
    archive.io(state_.lcr);
    archive.io(state_.mcr);
    archive.io(state_.scr);
    archive.io(state_.errors);
    archive.io(state_.msr_deltas);
    archive.io(state_.divisor);
    archive.io(state_.thre_interrupt);
    archive.io(state_.timeout_interrupt);
    for (Fifo* fifo : {&state_.receive_fifo, &state_.transmit_fifo}) {
      archive.io(fifo->bytes);
      archive.io(fifo->errors);
      archive.io(fifo->size);
      if (fifo->size > kFifo) {
        archive.fail("a FIFO longer than 16 bytes is stored");
        *fifo = {};
      }
    }
    archive.io(state_.shift);
    archive.io(state_.shifting);
    archive.io(state_.inputs.cts);
    archive.io(state_.inputs.dsr);
    archive.io(state_.inputs.ri);
    archive.io(state_.inputs.dcd);
    archive.io(state_.line, kMostWaiting);
  });
  if (!archive.loading()) return;
  state_.msr_deltas &= 0x0F;
  irq_.restore(interrupt_pin());
}

std::string Ns16550::dump() const {
  return fmt::format(
      "{}: IER {:02x} IIR {:02x} LCR {:02x} MCR {:02x} LSR {:02x} MSR {:02x} divisor {} "
      "({} ns a character), {} received, {} to send, {} on the line\n",
      config_.name, state_.ier, iir(), state_.lcr, state_.mcr, lsr(),
      modem_lines() | state_.msr_deltas, state_.divisor, character_time(), state_.receive_fifo.size,
      state_.transmit_fifo.size, state_.line.size());
}

}  // namespace ice86::devices
