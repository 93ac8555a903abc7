"""LLVM's text that switches off denormal numbers while a loop runs.

A number below 1e-38 (1e-308 in float64) has lost digits, and many processors take a hundred cycles or more for an
operation on it. A gradient that has vanished is made of such numbers: the steps from which nothing is learnt would cost
the most. Here they count as zero. The switch belongs to a thread, and each one is left as it was found.
"""

import platform

X86 = """
%kept = alloca i32
%changed = alloca i32
call void @llvm.x86.sse.stmxcsr(ptr %kept)
%old = load i32, ptr %kept
%new = or i32 %old, 32832
store i32 %new, ptr %changed
call void @llvm.x86.sse.ldmxcsr(ptr %changed)
{call}
call void @llvm.x86.sse.ldmxcsr(ptr %kept)
"""  # bits 15 and 6 of MXCSR: a result that is denormal is zero, an operand that is denormal counts as zero
ARM = """
%old = call i64 @llvm.aarch64.get.fpcr()
%new = or i64 %old, 16777216
call void @llvm.aarch64.set.fpcr(i64 %new)
{call}
call void @llvm.aarch64.set.fpcr(i64 %old)
"""  # bit 24 of FPCR: both
DECLARED = {
    X86: "declare void @llvm.x86.sse.stmxcsr(ptr)\ndeclare void @llvm.x86.sse.ldmxcsr(ptr)\n",
    ARM: "declare i64 @llvm.aarch64.get.fpcr()\ndeclare void @llvm.aarch64.set.fpcr(i64)\n",
}
SWITCH = {"x86_64": X86, "amd64": X86, "arm64": ARM, "aarch64": ARM}


def flushed(functions, machine=None):
    """The text of functions, {name: the function that it calls}, that leave the switch as they found it.

    machine   what `platform.machine` names the processor; the one at hand when omitted; an unknown one has no switch
    """
    body = SWITCH.get((machine or platform.machine()).lower(), "{call}\n")
    lines = [DECLARED.get(body, "")]
    for name, called in functions.items():
        call = body.format(call=f"call void @{called}(ptr %table)")
        lines.append(f"define void @{name}(ptr %table) {{\n{call}ret void\n}}\n")
    return "".join(lines)
