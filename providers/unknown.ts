/** Stands for an unknown value where the engine hands properties to a provider. */
export const unknown = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";
