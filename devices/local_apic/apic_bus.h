// SPDX-License-Identifier: LGPL-2.1-or-later
// The bus between local APICs and I/O APICs: finds who a message is for.
// Reference: Intel SDM vol. 3A sections 11.6.2 and 11.6.2.4.
#pragma once

#include <vector>

#include "devices/common/apic_message.h"
#include "devices/local_apic/local_apic.h"

namespace ice86::devices {

class ApicBus {
 public:
  void attach(LocalApic& apic) { apics_.push_back(&apic); }

  // False: nobody took it.
  bool send(const ApicMessage& message) {
    const auto named = [&](const LocalApic& apic) {
      return message.all_but != apic.id() && apic.is_destination(message);
    };
    if (message.delivery == ApicDelivery::kLowestPriority) {
      LocalApic* best = nullptr;
      for (LocalApic* apic : apics_) {
        if (!named(*apic) || !apic->accepts_fixed()) continue;
        if (best == nullptr || apic->arbitration_priority() < best->arbitration_priority())
          best = apic;
      }
      if (best != nullptr) best->receive(message);
      return best != nullptr;
    }
    bool taken = false;
    for (LocalApic* apic : apics_) {
      if (!named(*apic)) continue;
      apic->receive(message);
      taken = true;
    }
    return taken;
  }

 private:
  std::vector<LocalApic*> apics_;
};

}  // namespace ice86::devices
