"""The claims of the question page, and what became of each: its words, what was expected, the verdict and its limits.

The evidence is not here: ledger.py reads it from what the notebooks printed.
"""

from dataclasses import dataclass

from course_lib import doors

VERDICTS = ("true", "true with limits", "false")
LIMITS = ("", "the claim", "our evidence")


@dataclass(frozen=True)
class Claim:
    """One claim of the page.

    name       A: the asker; Q: the question, as the claim that it could be done; C: a comment; N, M: the two answers
    says       the claim, in our words
    expected   what a reader of textbooks would predict
    verdict    one of VERDICTS; limits: what the verdict does not cover, or where the claim goes wrong
    notebooks  numbers of the notebooks that try it, without 14, which shows the ledger and adds to C1 below it
    limited    what is limited, one of LIMITS: the claim itself, or no more than what we could see of it
    overturn   what would overturn the verdict: a result that somebody could find
    """

    name: str
    says: str
    expected: str
    verdict: str
    limits: str
    notebooks: tuple
    limited: str = ""
    overturn: str = ""

    def __post_init__(self):
        for name in ("name", "says", "expected", "limits", "overturn"):
            doors.text("Claim", name, getattr(self, name), empty=name in ("limits", "overturn"))
        doors.choice("Claim", "verdict", self.verdict, VERDICTS)
        doors.choice("Claim", "limited", self.limited, LIMITS)
        if not doors.is_a(tuple, self.notebooks) or not doors.texts("Claim", "notebooks", self.notebooks):
            doors.refuse("Claim", "notebooks as a tuple of numbers, such as ('01',)", self.notebooks)


CLAIMS = (
    Claim(
        "A1",
        "An RNN is o', h' = F(o, h), with F trained to predict the next observation.",
        "A state helps a great deal.",
        "true with limits",
        "On hourly weather the state is worth a tenth of the error, in the mean of four channels most of it from the "
        "last four hours; on temperature a good part from the day before. What is worth it is the past: a weighted sum "
        "of the last three hours, without a state, does better. The form is a choice: usually the prediction is read "
        "from h, and is not fed back.",
        ("01",),
        "the claim",
        "A network that sees the present hour alone and forecasts this weather as well as one with a state; or one "
        "with a state that beats every weighted sum of the hours, which would give back what is taken away here.",
    ),
    Claim(
        "A2",
        "Plain networks have trouble relating events that are far apart.",
        "The gradient vanishes, so nothing is learnt.",
        "true with limits",
        "One bit is latched at every lag we tried. Adding two numbers marked among others is not learnt by tanh units "
        "from lag 10 on within 1,000 updates from the usual start, nor is adding bits at 20; a number shown alone is "
        "kept over 10 steps. With a smaller learning rate and up to ten times the updates adding is learnt at 20 too "
        "(one run); by rectifiers at 20 from the usual start, and at 40 from the identity. What vanishes is the far "
        "part of the gradient, not the whole, and over 90 steps not where U starts orthogonal or as the identity; a "
        "norm of U above 1 need not make it explode, a radius below 1 need not prevent it for nearly as many steps as "
        "there are units. In latching, large first steps, Adam's or those of plain gradient descent, mostly make U "
        "large, whatever the answers are, and in most runs the first step is then felt. Where U was held small, or the "
        "steps were small, it was not learnt within 300 updates.",
        ("02",),
        "the claim",
        "A plain network of tanh units from its usual start that learns adding at lag 20 as soon as at lag 5.",
    ),
    Claim(
        "A3",
        "The new memory is c' = ω₁ ⊙ c + ω₂ ⊙ c_int, component by component, from o and h.",
        "It is the LSTM that everyone runs.",
        "true",
        "To rounding, forward and backward, wherever the cell does not amplify a rounding. It is the LSTM that PyTorch "
        "runs; that of 1997, ω₁ = 1, but for what its gates saw of each other; not one whose gates see c (peepholes).",
        ("07",),
        "",
        "A step in which torch.nn.LSTM and the formula differ by more than a rounding of the numbers that are added.",
    ),
    Claim(
        "A4",
        "ω₂ is the keep gate and ω₁ the write gate.",
        "The names fit the formula: the factor on the old memory is the one called keep.",
        "false",
        "The page's own formula has it the other way round: ω₁ multiplies the old memory. With ω₁ = 0 weights can be "
        "chosen that keep a bit, or small numbers for a while, in a loop through h and c_int; no gate does.",
        ("05",),
        "",
        "A reading of the page's own formula in which the factor on the old memory is the one that writes.",
    ),
    Claim(
        "A5",
        "The gates mix the old memory and the new.",
        "A weighted mean of the two.",
        "true with limits",
        "It is a mean only if f + i = 1; a weighted sum, as the page also says, it always is. Free gates can also add "
        "up, in one unit. A mean can count too, on a squeezed scale or in digits, up to a number known before.",
        ("05",),
        "the claim",
        "A cell with f + i = 1 whose memory leaves the range of what it was given.",
    ),
    Claim(
        "A6",
        "The output is h' = h_int ⊙ S(c'), with S a sigmoid.",
        "The same as o ⊙ tanh(c').",
        "true with limits",
        "If S is tanh, and h_int ends in the logistic function, it is the LSTM. If S is the logistic function, which "
        "the word mostly means, it is false: the memory is in the factor that is never negative, and a unit's output "
        "has the sign of h_int, whatever it holds. Who knows h_int can read the memory's sign all the same, and three "
        "such units give out what one of an LSTM that reads half its memory does. On our tasks such a network learns "
        "too: more slowly from a start made for long lags; from PyTorch's start it learnt in more runs than the LSTM, "
        "most of the difference in temporal order.",
        ("07", "09"),
        "the claim",
        "Words of the asker that tell which sigmoid is meant, and how h_int ends: then it is true, or false.",
    ),
    Claim(
        "Q1",
        "One network that computes the new memory from o, h and c would do in place of the gates.",
        "It would, with enough training.",
        "true with limits",
        "One made of rectifiers that computes only the change of its memory learns all four tasks at lag 80 from "
        "PyTorch's start, with nothing multiplied, if its steps are small enough not to explode. Of memories with tanh "
        "units the one with a multiplying gate was learnt farthest within 1,500 updates, on keep or replace and on "
        "adding: of two with the same weights the one that adds learnt adding up to lag 40 in most runs, keep or "
        "replace in two of five at 10.",
        ("04b",),
        "the claim",
        "A task that a gated cell learns, and no such network at any of the starts, rates and budgets tried.",
    ),
    Claim(
        "Q2",
        "The memory could be read by a network, not by a product.",
        "The product is needed.",
        "true",
        "A network that reads the memory learns too: on four tasks with twice the updates in the median (on counting "
        "with as many), from a start made for long lags, and on a bit beside a stream of letters in most runs as soon "
        "as the LSTM at a small learning rate, in few at a large one, which other readings without a product bear. "
        "From PyTorch's start the LSTM solved a few runs more than any of them, and every one that they did. What the "
        "output gate saves is in 11. What was expected of the gate, that it hides what is stored, it did not do in "
        "training, even where it started nearly shut.",
        ("09",),
        "",
        "A task that is learnt with the product, and with no reading without one at any of the learning rates tried.",
    ),
    Claim(
        "C1",
        "Gates keep activations and gradients for as long as necessary.",
        "An LSTM remembers for ever.",
        "true with limits",
        "As long as 1 - f is about 1 / lag or less, which a default initialisation is not; and with an input gate that "
        "refuses what must not get in. With both set for the lag, adding was learnt at a lag of 10,000 (one run), and "
        "a million steps are kept. From the default start, training opened a gate on some tasks and, within our "
        "budgets, hardly on others; for 20 steps of noise one forget bias of 2 or 3 in all units did as well, at a "
        "rate of 0.01 (one run each), one of 1 in part, later and at a smaller rate (13). A bias promises its time "
        "only while the input leaves the gate alone. Of an LSTM's gates, started for the lag, the input gate is missed "
        "most, at a small rate on two tasks of four only, on temporal order less at a smaller rate; if it starts with "
        "small writes the cell does without it at lag 20, later, but did not at 80 within 1,000 updates. Without a "
        "forget gate it keeps, at four times the lag better than the whole LSTM, in a stream of 8,000 steps worse, and "
        "erases by writing the negative, once its input gate starts closed; from PyTorch's start the forget gate was "
        "missed on one task of four (11, 11b). A loop through the candidate keeps a bit, for a million steps too, or "
        "small numbers for a while, with a gate of one half (06b, 14).",
        ("06b", "08", "11", "11b", "13"),
        "the claim",
        "A cell whose memory is lost although 1 - f is far below 1 / lag and nothing else is let in; or one that "
        "keeps a number by its gate, and passes no gradient back to it.",
    ),
    Claim(
        "C2",
        "One network could learn to keep.",
        "It could.",
        "true with limits",
        "One bit it learns to keep (A2), and numbers, if it computes only the change of its memory, with rectifiers. "
        "Where the old memory goes through its weights they must be nearly exact, each by itself or the mean of many, "
        "or it rounds and then passes no gradient; relu units learnt that, on keep or replace within 1,500 updates, at "
        "lag 10, and in some runs at lag 20 if they started from the identity (04b).",
        ("04",),
        "the claim",
        "Training, from PyTorch's start, by which a network that puts the old memory through its weights learns "
        "adding at lag 80.",
    ),
    Claim(
        "C3",
        "An identity matrix always keeps, but what comes in piles up and saturates, which is also forgetting.",
        "In silence it keeps every number; fed, it grows until its tanh is flat and old and new are lost alike.",
        "true with limits",
        "In silence an identity keeps with relu, what is negative in a second unit, and with tanh what is written "
        "small; a large number fades. Inputs do pile up where nothing keeps them out, unless they take each other "
        "back. They saturate a tanh if they are large or their mean is not 0; weak ones of mean 0 lose the number "
        "without that. And a gate is not the only way to keep them out: a write that is a saturated sum, and sees when "
        "to store, does it too, with weights set by hand. Noise that differs from unit to unit is averaged away by "
        "many units. Latches that were trained hold a bit against noise five times as strong as in training; at twenty "
        "times all lose some bits early, and some of them the others later.",
        ("03",),
        "the claim",
        "An identity that holds a number among inputs as large, each drawn by itself, which come in by the same "
        "weights and which nothing keeps out; or a memory that forgets small kicks in the direction in which it holds "
        "its number, and still passes a gradient of 1 there over many steps.",
    ),
    Claim(
        "C4",
        "One network could decide to keep or to replace from what it observes.",
        "Only gates can.",
        "true with limits",
        "Four relu units do it without an error, with weights set by hand for numbers of a known range and exact "
        "marks. Training finds it, at lag 80, where rectifiers compute only the change of the memory; where the old "
        "memory goes through the weights, from PyTorch's start and within 1,500 updates, at the shortest lag only "
        "(04b).",
        ("04",),
        "our evidence",
        "Training that finds it at lag 80, from PyTorch's start, where the old memory goes through the weights.",
    ),
    Claim(
        "C5",
        "A plain network cannot erase; gates act like weights that change while it runs.",
        "What is once in a plain network fades at its own pace, whatever comes in; with a gate the input decides.",
        "true with limits",
        "A saturating unit erases. What is true of the second half: in one step of one unit with tanh the input "
        "cannot choose how much of the old state passes and leave the state itself free, and a gate does just that. "
        "In two steps it can, for small numbers, and several rectifiers together, with weights set by hand, do it "
        "without a gate. A gate that sees is learnt sooner, and at longer lags, from 40 on from a start made for "
        "them; but at a short one constant gates learn to keep or replace too, with more updates, and where no number "
        "is kept among others constant leaks learn too, later at long lags (11b). In a network trained on text one "
        "unit of 96 carries comments; of strings, brackets and indentation the others tell nearly as well without the "
        "unit that goes best with them (13).",
        ("06", "06b", "11b", "13"),
        "the claim",
        "A single tanh unit, without a gate, that keeps every number from -0.9 to 0.9 at one input and lets it go "
        "at another. Of seeing: constant gates that learn keep-or-replace as soon as gates that see, at a lag of 20 or "
        "more.",
    ),
    Claim(
        "N1",
        "Feeding everything through dense layers is a plain network that shows a part of its state.",
        "However many layers there are, o and h go in and o' and h' come out: nothing new.",
        "true",
        "Exactly, by construction, from any state that a step can leave behind; also with more layers, if the plain "
        "one has more units and ticks more often. A start chosen at will may have no plain counterpart. An output "
        "gate, which multiplies, is no dense layer.",
        ("04",),
        "",
        "Dense layers of observation and states that are no plain network of another size.",
    ),
    Claim(
        "N2",
        "The path through the cell state gives constant error flow.",
        "Its gradient is the product of the forget gates.",
        "true with limits",
        "For every number it is constant if f = 1 and nothing comes back through h. At PyTorch's start and at forget "
        "biases of 1, 2 and 5 most of it comes by detours through h, and it vanishes or grows. In the cell of 1997 "
        "whose input gates start nearly shut it is constant to a tenth over 49 steps, all ways open, and the cell "
        "learns from there; then it no longer is. By hand, f below 1 can hold it constant, for small numbers.",
        ("08",),
        "the claim",
        "An LSTM that has learnt from PyTorch's start, with the detours open, through which the gradient of a loss "
        "comes back as large as it went in, to a tenth, in run after run.",
    ),
    Claim(
        "N3",
        "With weights on the memory, the error would go through them at every step; the LSTM avoids it.",
        "No weights on the way back.",
        "true with limits",
        "None on the direct path. But the weights are on every detour, from c through h and the gates to the next c. "
        "Cut the detours, or set those weights to 0, and the path is alone, exactly. They do no harm in themselves: "
        "without them a short task was learnt later at a small learning rate, hardly so at a large one. And weights on "
        "the memory that only turn it would keep an error's size as well.",
        ("08",),
        "the claim",
        "An LSTM from a usual start in which the way through h adds nothing to the derivative of c.",
    ),
    Claim(
        "N4",
        "Keeping would otherwise have to be learnt from scratch, which is harder.",
        "A start near the solution is enough.",
        "true with limits",
        "Harder, yes: plain tanh and relu units solve more when they start from the identity; on one task an "
        "orthogonal start, whose U only turns the state and keeps nothing in place, did as well. One network solves "
        "no more from the identity, and hardly more with the old memory added, but it does when its steps are "
        "small. A start near a solution set by hand was enough for a number where a gradient came through, and not for "
        "stairs, through which none does (04).",
        ("04b",),
        "the claim",
        "One network from PyTorch's start that learns to keep as soon as the same network whose steps are small.",
    ),
    Claim(
        "N5",
        "The GRU computes its hidden update without weights that act directly on the hidden state.",
        "Where its gate copies the old h, no matrix stands between h and the new one.",
        "true with limits",
        "Half true. The part that is kept, z ⊙ h, has none. Candidate and both gates of the GRU have a matrix that "
        "acts on h. minGRU is a cell of which the sentence is true. With its factor between 0 and 1 it did not "
        "learn to toggle: each bit halves what a unit can tell of the parity, so that the weights of a sum that reads "
        "it must double; set by hand it answers 12 bits, with weights of billions, and read by a small network it "
        "learnt most of 12 bits and guessed at 24. With a factor between -1 and 1 it learnt to, blind to h as before, "
        "for the bits it was trained on and, with patience, twice as many.",
        ("12",),
        "the claim",
        "A GRU, in PyTorch's form or the paper's, in which gates and candidate do not change with the old h. Of the "
        "second half: a cell blind to h, with factors between 0 and 1, that answers parity at any length.",
    ),
    Claim(
        "M1",
        "One sigmoid network could learn the vector to be saved.",
        "It could.",
        "true",
        "A sigmoid unit does it by hand, without an error that matters. Training finds it too, later than it finds the "
        "product: soonest where its write starts nearly closed, from a start half open after more updates. What the "
        "product saves is M3.",
        ("10",),
        "",
        "A task on which the product is learnt, and one sigmoid network at none of the starts and rates tried.",
    ),
    Claim(
        "M2",
        "The sigmoid says how much to save, the tanh what.",
        "After training the gate opens at a mark and is shut elsewhere, and the candidate has the number.",
        "true with limits",
        "In cells that learnt from chrono, at a rate of 0.03, on keep-or-replace and on adding, a gate can spare all "
        "but the mark more easily than a candidate can; on keep-or-replace most is lost if it is shut between the "
        "marks. At a sixth of that rate it must know more than in most quick runs, from either start; and by hand the "
        "tanh can say whether, the sigmoid what. The division of labour is learnt, not built in.",
        ("10",),
        "the claim",
        "For keep-or-replace from chrono, at that rate: a cell whose gates, told of the mark alone, lose the memory.",
    ),
    Claim(
        "M3",
        "Splitting the two makes training easier.",
        "Two networks with one job each are learnt in fewer updates than one with two jobs, on every task.",
        "true with limits",
        "On tasks in which a number must be let in once and kept out otherwise, from the usual starts, at lag 20. A "
        "part of the lead is that the gate of the split cell starts closed, a part that the rate suits it, perhaps a "
        "part the sign of the tanh. On counting and temporal order one tanh is in the median as soon or sooner from "
        "PyTorch's start, with one run of temporal order unsolved; one rectifier of small steps learns "
        "keep-or-replace too, and one tanh that writes a tenth, which cannot be silent, learns adding, later.",
        ("10",),
        "the claim",
        "One network in the product's place, with the same start, that learns adding as soon with as many weights.",
    ),
)
