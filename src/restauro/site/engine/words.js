/**
 * What the page says on a site without a server alone; takes the place of the sentences of a
 * service that refuses (static/refusals.js).
 */

import { GPU_MEGABYTES, MEGABYTES } from "../engine/offers.js";

export const SENTENCES = {
  loads_once: [
    `Opening a picture loads ${MEGABYTES} MB, once; after that this page works without a network, too.`,
    `Aprendo un’immagine si scaricano ${MEGABYTES} MB, una volta sola; poi questa pagina funziona anche senza rete.`,
  ],
  gpu_next: [
    `Compute on the graphics card from the next start on; this loads ${GPU_MEGABYTES} MB more, beside your work.`,
    `Calcola sulla scheda grafica dal prossimo avvio; intanto si scaricano altri ${GPU_MEGABYTES} MB.`,
  ],
  gpu_used: ["Compute on the graphics card.", "Calcola sulla scheda grafica."],
  loading: ["Loading the model: {percent} %.", "Carico il modello: {percent} %."],
  service_offline: [
    "The model could not be loaded; check the network, and try again.",
    "Il modello non si è potuto scaricare; controlla la rete e riprova.",
  ],
  service_model_failed: [
    "The model failed, perhaps for lack of memory; restore a smaller area.",
    "Il modello non ce l’ha fatta, forse per mancanza di memoria; restaura un’area più piccola.",
  ],
  service_mask_full: [
    "The hole covers the whole picture; leave some of it.",
    "La lacuna copre l’intera immagine; lasciane una parte.",
  ],
};
