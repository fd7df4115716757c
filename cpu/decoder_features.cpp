// SPDX-License-Identifier: LGPL-2.1-or-later
// Reference: Intel SDM vol. 2, the "CPUID feature flag" column and exceptions of each instruction.
#include "cpu/decoder_features.h"

namespace ice86::cpu {

bool offers(const FeatureSet& features, const ZydisDecodedInstruction& instruction) {
  using enum Feature;
  const auto has = [&](Feature feature) { return features.has(feature); };
  // Instructions that share a group with others of another feature.
  switch (instruction.mnemonic) {
    case ZYDIS_MNEMONIC_CMPXCHG8B: return has(kCx8);
    case ZYDIS_MNEMONIC_RDTSC: return has(kTsc);
    case ZYDIS_MNEMONIC_RDMSR:
    case ZYDIS_MNEMONIC_WRMSR: return has(kMsr);
    case ZYDIS_MNEMONIC_SYSENTER:
    case ZYDIS_MNEMONIC_SYSEXIT: return has(kSep);
    case ZYDIS_MNEMONIC_SYSCALL:
    case ZYDIS_MNEMONIC_SYSRET: return has(kSyscall);
    case ZYDIS_MNEMONIC_SWAPGS: return has(kLm);
    // Without an FPU every ESC opcode is one that nobody answers.
    case ZYDIS_MNEMONIC_FCOMI:
    case ZYDIS_MNEMONIC_FCOMIP:
    case ZYDIS_MNEMONIC_FUCOMI:
    case ZYDIS_MNEMONIC_FUCOMIP: return has(kCmov) || !has(kFpu);
    default: break;
  }
  switch (instruction.meta.isa_set) {
    case ZYDIS_ISA_SET_CMOV: return has(kCmov);
    case ZYDIS_ISA_SET_FCMOV: return has(kCmov) || !has(kFpu);
    case ZYDIS_ISA_SET_LAHF:
      return instruction.machine_mode != ZYDIS_MACHINE_MODE_LONG_64 || has(kLahfLm);
    case ZYDIS_ISA_SET_CLFSH: return has(kClflush);
    case ZYDIS_ISA_SET_CLFLUSHOPT: return has(kClflushopt);
    case ZYDIS_ISA_SET_CLWB: return has(kClwb);
    case ZYDIS_ISA_SET_CMPXCHG16B: return has(kCx16);
    case ZYDIS_ISA_SET_MONITOR: return has(kMonitor);
    case ZYDIS_ISA_SET_MOVBE: return has(kMovbe);
    case ZYDIS_ISA_SET_POPCNT: return has(kPopcnt);
    case ZYDIS_ISA_SET_LZCNT: return has(kAbm);
    case ZYDIS_ISA_SET_BMI1: return has(kBmi1);
    case ZYDIS_ISA_SET_BMI2: return has(kBmi2);
    case ZYDIS_ISA_SET_ADOX_ADCX: return has(kAdx);
    case ZYDIS_ISA_SET_RDRAND: return has(kRdrand);
    case ZYDIS_ISA_SET_RDSEED: return has(kRdseed);
    case ZYDIS_ISA_SET_RDTSCP: return has(kRdtscp);
    case ZYDIS_ISA_SET_RDPID: return has(kRdpid);
    case ZYDIS_ISA_SET_RDWRFSGS: return has(kFsgsbase);
    case ZYDIS_ISA_SET_INVPCID: return has(kInvpcid);
    case ZYDIS_ISA_SET_SMAP: return has(kSmap);
    // 0F 0D: reserved, then a prefetch that every 64-bit CPU takes for a NOP at least.
    case ZYDIS_ISA_SET_PREFETCH_NOP: return has(kPrefetchw) || has(kLm);
    case ZYDIS_ISA_SET_PENTIUMMMX: return has(kMmx);
    case ZYDIS_ISA_SET_FXSAVE:
    case ZYDIS_ISA_SET_FXSAVE64: return has(kFxsr);
    case ZYDIS_ISA_SET_SSE:
    case ZYDIS_ISA_SET_SSEMXCSR: return has(kSse);
    case ZYDIS_ISA_SET_SSE2:
    case ZYDIS_ISA_SET_SSE2MMX: return has(kSse2);
    case ZYDIS_ISA_SET_SSE3: return has(kSse3);
    case ZYDIS_ISA_SET_SSE3X87: return has(kSse3) || !has(kFpu);
    case ZYDIS_ISA_SET_SSSE3:
    case ZYDIS_ISA_SET_SSSE3MMX: return has(kSsse3);
    case ZYDIS_ISA_SET_SSE4: return has(kSse4_1);
    case ZYDIS_ISA_SET_SSE42: return has(kSse4_2);
    case ZYDIS_ISA_SET_SSE4A: return has(kSse4a);
    case ZYDIS_ISA_SET_SHA: return has(kSha);
    case ZYDIS_ISA_SET_AES: return has(kAes);
    case ZYDIS_ISA_SET_PCLMULQDQ:
      return has(kPclmulqdq) &&
             (instruction.encoding == ZYDIS_INSTRUCTION_ENCODING_LEGACY || has(kAvx));
    case ZYDIS_ISA_SET_AVXAES: return has(kAes) && has(kAvx);
    case ZYDIS_ISA_SET_AVX: return has(kAvx);
    case ZYDIS_ISA_SET_AVX2:
    case ZYDIS_ISA_SET_AVX2GATHER: return has(kAvx2);
    case ZYDIS_ISA_SET_F16C: return has(kF16c) && has(kAvx);
    case ZYDIS_ISA_SET_FMA: return has(kFma) && has(kAvx);
    case ZYDIS_ISA_SET_XSAVE: return has(kXsave);
    case ZYDIS_ISA_SET_XSAVEOPT: return has(kXsaveopt);
    case ZYDIS_ISA_SET_XSAVEC: return has(kXsavec);
    case ZYDIS_ISA_SET_XSAVES: return has(kXsaves);
    default: return true;
  }
}

}  // namespace ice86::cpu
