import type { Locator } from "@playwright/test";

/**
 * Presses a button, and `pause` milliseconds later whatever is at its position then, or has the focus then.
 *
 * Both presses are made inside the page, because a round trip takes too long on a busy machine. There the second one
 * may still be delivered late, as it may to a user: it carries the time at which it was meant.
 */
export async function pressTwice(button: Locator, pause: number, second: "position" | "focus"): Promise<void> {
  await button.evaluate(
    (button: HTMLElement, { pause, second }) => {
      const { left, top, width, height } = button.getBoundingClientRect();
      const first = new Event("now").timeStamp;
      button.click();
      const press = () => {
        const hit =
          second === "focus" ? document.activeElement : document.elementFromPoint(left + width / 2, top + height / 2);
        const click = new MouseEvent("click", { bubbles: true, cancelable: true, composed: true });
        Object.defineProperty(click, "timeStamp", { value: first + pause });
        hit?.dispatchEvent(click);
      };
      return new Promise<void>((done) => setTimeout(() => done(press()), pause));
    },
    { pause, second },
  );
}
