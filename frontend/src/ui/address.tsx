import { useEffect, useRef, useState } from "react";
import classes from "./address.module.css";

interface Props {
  children: string;
  /** It stands in a link or a button, which shows its whole while it has the focus. */
  inControl?: boolean;
}

/**
 * A mail address in little room: it goes on in the next line only at its @, and what is too long even so ends in an
 * ellipsis. Its whole is read out, stands in its title, and is shown while it has the focus.
 */
export function Address({ children: address, inControl = false }: Props) {
  const box = useRef<HTMLSpanElement>(null);
  const [cut, setCut] = useState(false);
  useEffect(() => {
    const element = box.current;
    if (!element || inControl) return;
    const look = () => setCut(element.scrollWidth > element.clientWidth);
    look();
    // What is shown whole because it has the focus is cut again without it.
    const watch = new ResizeObserver(() => element !== document.activeElement && look());
    watch.observe(element);
    return () => watch.disconnect();
  }, [inControl]);

  const at = address.lastIndexOf("@");
  return (
    <span
      ref={box}
      className={classes.address}
      title={address}
      // Nobody without a mouse could see the rest otherwise.
      {...(cut && { tabIndex: 0 })}
    >
      {at > 0 ? address.slice(0, at) : address}
      {at > 0 && <wbr />}
      {at > 0 && address.slice(at)}
    </span>
  );
}
